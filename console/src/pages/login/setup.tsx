import { Text, TextInput } from "@mantine/core";
import { api } from "~/api/client";
import { Form, useApiForm } from "~/components/form/form";
import { Card } from "./Card";
import { enter, useLink } from "./entering";
import { NewPassword } from "./NewPassword";

export default function SetupPage() {
  const link = useLink();
  const form = useApiForm({
    initial: { name: "", password: "" },
    send: (values) => api.post("/api/v1/setup", { body: { link, ...values } }),
    onSent: () => enter(),
  });
  if (!link) {
    return (
      <Card title="Set up">
        <Text>
          This page is opened by the set-up link in the gateway’s log, <code>set_up_needed</code>. A link works once,
          for 24 hours; each start of the gateway writes a new one while there is no user.
        </Text>
      </Card>
    );
  }
  return (
    <Card title="Set up Syncline" purpose="Choose the name and the password of the first Platform Admin.">
      <Form form={form} submit="Set up and sign in">
        <TextInput label="Name" autoComplete="username" autoFocus required {...form.field("name")} />
        <NewPassword {...form.field("password")} />
      </Form>
    </Card>
  );
}
