import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "~/api/client";
import { asProblem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Card } from "./Card";
import { enter, useLink } from "./entering";
import { NewPassword } from "./NewPassword";

export default function SetupPage() {
  const link = useLink();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const setUp = useMutation({
    mutationFn: () => api.post("/api/v1/setup", { body: { link, name, password } }),
    onSuccess: () => enter(),
  });
  const problem = setUp.error ? asProblem(setUp.error) : undefined;
  const ofField = problem?.at("name") ?? problem?.at("password");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && password) setUp.mutate();
  };
  if (!link) {
    return (
      <Card title="Set up">
        <Text size="sm">
          This page is opened by the set-up link in the gateway’s log, <code>set_up_needed</code>. A link works once,
          for 24 hours; each start of the gateway writes a new one while there is no user.
        </Text>
      </Card>
    );
  }
  return (
    <Card title="Set up Syncline" purpose="Choose the name and the password of the first Platform Admin.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          {problem && !ofField && <ProblemAlert error={setUp.error} />}
          <TextInput
            label="Name"
            autoComplete="username"
            autoFocus
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={problem?.at("name")}
          />
          <NewPassword value={password} onChange={setPassword} error={problem?.at("password")} />
          <Button type="submit" loading={setUp.isPending || setUp.isSuccess} fullWidth mt="xs">
            Set up and sign in
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
