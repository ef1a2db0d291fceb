import { Text } from "@mantine/core";
import { api } from "~/api/client";
import { Form, useApiForm } from "~/components/form/form";
import { Card } from "./Card";
import { enter, useLink } from "./entering";
import { NewPassword } from "./NewPassword";

export default function ChoosePasswordPage() {
  const link = useLink();
  const form = useApiForm({
    initial: { password: "" },
    send: ({ password }) => api.post("/api/v1/password", { body: { link, password } }),
    onSent: () => enter(),
  });
  if (!link) {
    return (
      <Card title="Choose a password">
        <Text>This page is opened by a link that a Platform Admin gives you. It works once, for 24 hours.</Text>
      </Card>
    );
  }
  return (
    <Card title="Choose a password" purpose="You are signed in with it at once.">
      <Form form={form} submit="Save and sign in">
        <NewPassword {...form.field("password")} />
      </Form>
    </Card>
  );
}
