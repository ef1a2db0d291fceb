import { api, type Schema } from "~/api/client";

/** The two ways of telling somebody; each is a resource of its own in the API. */
export type Kind = "webhooks" | "email";

/** A webhook or an e-mail subscription, as the pages show it. */
export interface Subscription {
  id: string;
  name: string;
  /** The URL, or the addresses. */
  where: string[];
  events: string[];
  instances: string[];
  active: boolean;
  rotatedAt: string | null;
  waiting: number;
  givenUp: number;
  lastDeliveredAt: string | null;
  warning: string | null;
}

/** What a person fills in. */
export interface Draft {
  name: string;
  where: string[];
  events: string[];
  instances: string[];
  active: boolean;
}

export type Delivery = Schema<"DeliveryView">;
export type Tested = Schema<"SubscriptionTest">;

export const EVENTS = [
  { value: "run_failed", label: "Run failed", hint: "A run ends Failed" },
  { value: "partial_success", label: "Partial success", hint: "A run ends, but some records failed" },
  { value: "dlq_growth", label: "DLQ growth", hint: "Too many dead letters of an instance wait for a person" },
] as const;

export function eventWord(event: string): string {
  return EVENTS.find((one) => one.value === event)?.label ?? event;
}

/** What is said beside a signing secret, the one time that it is shown. */
export const SECRET = {
  what: "the secret",
  title: "Copy the secret now",
  children: "It is shown this one time. The receiver checks with it that an event comes from here.",
};

type Webhook = Schema<"Webhook">;
type Email = Schema<"EmailSubscription">;

function ofWebhook(hook: Webhook): Subscription {
  return { ...hook, where: [hook.url], warning: null };
}

function ofEmail(email: Email): Subscription {
  return { ...email, where: email.addresses, rotatedAt: null };
}

function webhookBody(draft: Draft) {
  const { where, events, ...rest } = draft;
  return { ...rest, events: events as Schema<"WebhookBody">["events"], url: where[0]?.trim() ?? "" };
}

function emailBody(draft: Draft) {
  const { where, events, ...rest } = draft;
  return { ...rest, events: events as Schema<"EmailBody">["events"], addresses: where };
}

/** What a saved webhook or e-mail subscription gives back; the secret only when it is new. */
export interface Saved {
  id: string;
  name: string;
  secret: string | null;
}

/** Calls of one kind, so that a page need not know which. */
export interface Calls {
  list: (cursor: string) => Promise<{ items: Subscription[]; next?: string | null }>;
  get: (id: string) => Promise<{ value: Subscription; etag: string | null }>;
  create: (draft: Draft) => Promise<Saved>;
  change: (id: string, draft: Draft, etag: string | null) => Promise<Saved>;
  remove: (id: string) => Promise<unknown>;
  test: (id: string) => Promise<Tested>;
  deliveries: (
    id: string,
    state: State | undefined,
    cursor: string,
  ) => Promise<{ items: Delivery[]; next?: string | null }>;
  redeliver: (id: string, delivery: string) => Promise<Delivery>;
}

export type State = "waiting" | "delivered" | "given_up";

function query(cursor: string, state?: State) {
  return { cursor, state };
}

function match(etag: string | null) {
  return etag ? { "if-match": etag } : {};
}

const webhooks: Calls = {
  list: async (cursor) => {
    const page = await api.get("/api/v1/webhooks", { query: query(cursor) });
    return { ...page, items: page.items.map(ofWebhook) };
  },
  get: async (webhook) => {
    const { value, etag } = await api.getTagged("/api/v1/webhooks/{webhook}", { path: { webhook } });
    return { value: ofWebhook(value), etag };
  },
  create: async (draft) => {
    const made = await api.post("/api/v1/webhooks", { body: webhookBody(draft) });
    return { id: made.webhook.id, name: made.webhook.name, secret: made.secret };
  },
  change: async (webhook, draft, etag) => {
    const params = { path: { webhook }, header: match(etag) };
    const changed = await api.put("/api/v1/webhooks/{webhook}", { ...params, body: webhookBody(draft) });
    return { id: changed.id, name: changed.name, secret: null };
  },
  remove: (webhook) => api.delete("/api/v1/webhooks/{webhook}", { path: { webhook } }),
  test: (webhook) => api.post("/api/v1/webhooks/{webhook}/test", { path: { webhook } }),
  deliveries: (webhook, state, cursor) => {
    const params = { path: { webhook }, query: query(cursor, state) };
    return api.get("/api/v1/webhooks/{webhook}/deliveries", params);
  },
  redeliver: (webhook, delivery) => {
    const params = { path: { webhook, delivery } };
    return api.post("/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", params);
  },
};

const email: Calls = {
  list: async (cursor) => {
    const page = await api.get("/api/v1/email-subscriptions", { query: query(cursor) });
    return { ...page, items: page.items.map(ofEmail) };
  },
  get: async (subscription) => {
    const params = { path: { subscription } };
    const { value, etag } = await api.getTagged("/api/v1/email-subscriptions/{subscription}", params);
    return { value: ofEmail(value), etag };
  },
  create: async (draft) => {
    const made = await api.post("/api/v1/email-subscriptions", { body: emailBody(draft) });
    return { id: made.id, name: made.name, secret: null };
  },
  change: async (subscription, draft, etag) => {
    const params = { path: { subscription }, header: match(etag) };
    const changed = await api.put("/api/v1/email-subscriptions/{subscription}", { ...params, body: emailBody(draft) });
    return { id: changed.id, name: changed.name, secret: null };
  },
  remove: (subscription) => api.delete("/api/v1/email-subscriptions/{subscription}", { path: { subscription } }),
  test: (subscription) => api.post("/api/v1/email-subscriptions/{subscription}/test", { path: { subscription } }),
  deliveries: (subscription, state, cursor) => {
    const params = { path: { subscription }, query: query(cursor, state) };
    return api.get("/api/v1/email-subscriptions/{subscription}/deliveries", params);
  },
  redeliver: (subscription, delivery) => {
    const params = { path: { subscription, delivery } };
    return api.post("/api/v1/email-subscriptions/{subscription}/deliveries/{delivery}/redeliver", params);
  },
};

export const calls: Record<Kind, Calls> = { webhooks, email };

/** Signs with a new secret, which is shown once. */
export async function rotate(webhook: string): Promise<Saved> {
  const made = await api.post("/api/v1/webhooks/{webhook}/rotate-secret", { path: { webhook } });
  return { id: made.webhook.id, name: made.webhook.name, secret: made.secret };
}
