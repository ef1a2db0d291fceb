import { Alert, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "~/api/client";
import { asProblem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";

/** Signing in by name and password. `known` is the name of who was signed in before. */
export function ByPassword({ known = "", onSignedIn }: { known?: string; onSignedIn: () => void }) {
  const [name, setName] = useState(known);
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => api.post("/api/v1/session", { body: { name, password } }),
    onSuccess: onSignedIn,
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
          data-autofocus={known ? undefined : true}
          autoFocus={!known}
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          data-autofocus={known ? true : undefined}
          autoFocus={known !== ""}
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

/** Why somebody was not let in. */
export function Refused({ error }: { error: unknown }) {
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
