import { PasswordInput, Text } from "@mantine/core";
import { api, setCsrfToken } from "~/api/client";
import { Form, FormModal, useApiForm } from "~/components/form/form";
import { toast } from "~/components/toast";
import { NewPassword } from "~/pages/login/NewPassword";

/** Changing one's own password. */
export default function OwnPassword({ onClose }: { onClose: () => void }) {
  return (
    <FormModal onClose={onClose} title="Change password">
      <Fields />
    </FormModal>
  );
}

function Fields() {
  const form = useApiForm({
    initial: { current: "", password: "" },
    send: (body) => api.put("/api/v1/session/password", { body }),
    onSent: (session) => {
      setCsrfToken(session.csrfToken ?? "");
      toast.done("Your password is changed; you were signed out everywhere else");
    },
  });
  return (
    <Form form={form} submit="Change password">
      <Text c="dimmed">Everywhere else you will be signed out.</Text>
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        required
        data-autofocus
        {...form.field("current")}
      />
      <NewPassword label="New password" {...form.field("password")} />
    </Form>
  );
}
