import { PasswordInput, Text } from "@mantine/core";
import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { Form, FormModal, useApiForm } from "~/components/form/form";
import { ShownOnce } from "~/components/ShownOnce";

/** Gives a hook a secret, of the system's making or of ours, and shows it once. */
export function SecretForm({ name, onClose }: { name: string; onClose: () => void }) {
  return (
    <FormModal onClose={onClose} title={`Secret of ${name}`} size="lg" part="secret">
      <Fields name={name} />
    </FormModal>
  );
}

function Fields({ name }: { name: string }) {
  const form = useApiForm({
    initial: { secret: "" },
    send: ({ secret }) =>
      api.post("/api/v1/inbound-webhooks/{name}/rotate-secret", {
        path: { name },
        body: { secret: secret.trim() || null },
      }),
    onSent: () => void refetch("hooks"),
    staysOpen: () => true,
  });
  if (form.result) {
    return (
      <ShownOnce
        what="the secret"
        dialogTitle={`Secret of ${name}`}
        title="Copy the secret now"
        value={form.result.secret}
      >
        It is shown this one time. The system signs with it what it sends to this address.
      </ShownOnce>
    );
  }
  return (
    <Form form={form} submit="Give secret" ready>
      <Text c="dimmed">A secret that it has already counts for 24 hours more, so that the sender can change.</Text>
      <PasswordInput
        label="Secret"
        description="Where the system makes it, as Shopify does, that one. Empty: one is made here"
        autoComplete="off"
        data-autofocus
        {...form.field("secret")}
      />
    </Form>
  );
}
