import { Alert, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { answer, api } from "~/api/client";
import { asProblem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Card } from "./Card";
import { enter, nextPage, useLink } from "./entering";

export default function LoginPage() {
  const link = useLink();
  const setup = useQuery({ queryKey: ["setup"], queryFn: () => answer(api.GET("/api/v1/setup")) });
  if (setup.data?.needed && !link) return <NotSetUp />;
  return (
    <Card title="Sign in">
      {link && <ByLink link={link} />}
      <ByPassword />
    </Card>
  );
}

function NotSetUp() {
  return (
    <Card title="Welcome to Syncline" purpose="Nobody can sign in yet.">
      <Text size="sm">
        Open the set-up link that the gateway wrote into its log when it started, as <code>set_up_needed</code>. There
        you choose the name and the password of the first Platform Admin.
      </Text>
    </Card>
  );
}

function ByPassword() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/session", { body: { name, password } })),
    onSuccess: () => enter(nextPage(location.search)),
    onError: () => setPassword(""),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && password) signIn.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {signIn.error && <Refused error={signIn.error} />}
        <TextInput
          label="Name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={signIn.isPending || signIn.isSuccess} fullWidth mt="xs">
          Sign in
        </Button>
        <Text size="xs" c="dimmed">
          Forgot the password? A Platform Admin can give you a link to choose a new one.
        </Text>
      </Stack>
    </form>
  );
}

function Refused({ error }: { error: unknown }) {
  const problem = asProblem(error);
  if (problem.status !== 401 && problem.status !== 429) return <ProblemAlert error={error} />;
  return (
    <Alert color="red" title={problem.status === 429 ? "Too many tries" : "Not signed in"} role="alert">
      {problem.status === 429
        ? "Too many sign-ins failed. Wait some minutes before the next."
        : `${capital(problem.detail)}.`}
    </Alert>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A link of `syncline dev` signs in by itself. */
function ByLink({ link }: { link: string }) {
  const { mutate, error } = useMutation({
    mutationFn: (given: string) => answer(api.POST("/api/v1/session/link", { body: { link: given } })),
    onSuccess: () => enter(nextPage(location.search)),
  });
  useEffect(() => mutate(link), [mutate, link]);
  if (!error) return <Text size="sm">Signing in…</Text>;
  return <Refused error={error} />;
}
