import { Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "~/api/client";
import { asProblem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Card } from "./Card";
import { enter, useLink } from "./entering";
import { NewPassword } from "./NewPassword";

export default function ChoosePasswordPage() {
  const link = useLink();
  const [password, setPassword] = useState("");
  const choose = useMutation({
    mutationFn: () => api.post("/api/v1/password", { body: { link, password } }),
    onSuccess: () => enter(),
  });
  const problem = choose.error ? asProblem(choose.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (password) choose.mutate();
  };
  if (!link) {
    return (
      <Card title="Choose a password">
        <Text size="sm">
          This page is opened by a link that a Platform Admin gives you. It works once, for 24 hours.
        </Text>
      </Card>
    );
  }
  return (
    <Card title="Choose a password" purpose="You are signed in with it at once.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          {problem && !problem.at("password") && <ProblemAlert error={choose.error} />}
          <NewPassword value={password} onChange={setPassword} error={problem?.at("password")} />
          <Button type="submit" loading={choose.isPending || choose.isSuccess} fullWidth mt="xs">
            Save and sign in
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
