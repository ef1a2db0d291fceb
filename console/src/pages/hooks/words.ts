import type { Schema } from "~/api/client";

export type Hook = Schema<"HookView">;
export type Delivery = Schema<"HookDeliveryView">;
export type Signature = Schema<"SignatureBody">;

/** Who signs how, and where the source IDs usually stand in what they send. */
export const SCHEMES: Record<Signature["scheme"], { label: string; sourceIds: string }> = {
  shopify: { label: "Shopify", sourceIds: "admin_graphql_api_id" },
  woocommerce: { label: "WooCommerce", sourceIds: "id" },
  wix: { label: "Wix", sourceIds: "entityId" },
  standard: { label: "Standard Webhooks", sourceIds: "data.id" },
  hmac: { label: "HMAC-SHA256 in a header", sourceIds: "id" },
};

/** Where its system has to send to. */
export function addressOf(hook: Hook): string {
  return new URL(hook.path, location.origin).href;
}

/** Whether the sender signs with a secret; Wix signs with a key of its own. */
export function hasSecret(hook: Hook): boolean {
  return hook.signature.scheme !== "wix";
}
