import { Alert, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { api } from "~/api/client";
import { asProblem } from "~/api/problem";
import { Form, useApiForm } from "~/components/form/form";
import { ProblemAlert } from "~/components/ProblemAlert";
import { capital } from "~/state/format";

/** Signing in by name and password. `known` is the name of who was signed in before. */
export function ByPassword({ known = "", onSignedIn }: { known?: string; onSignedIn: () => void }) {
  const form = useApiForm({
    initial: { name: known, password: "" },
    send: (body) => api.post("/api/v1/session", { body }),
    onSent: onSignedIn,
    onError: (): void => form.setFieldValue("password", ""),
  });
  const first = (on: boolean) => ({ autoFocus: on, "data-autofocus": on || undefined });
  return (
    <Stack gap="sm">
      <Form form={form} submit="Sign in" refusal={form.problem && <Refused error={form.problem} />}>
        <TextInput
          label="Name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          {...first(!known)}
          {...form.field("name")}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          {...first(known !== "")}
          {...form.field("password")}
        />
      </Form>
      <Text size="xs" c="dimmed">
        Forgot the password? A Platform Admin can give you a link to choose a new one.
      </Text>
    </Stack>
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
