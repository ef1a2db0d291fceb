import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, setCsrfToken } from "~/api/client";
import { asProblem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { NewPassword } from "~/pages/login/NewPassword";

/** Changing one's own password. */
export default function OwnPassword({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const change = useMutation({
    mutationFn: () => api.put("/api/v1/session/password", { body: { current, password } }),
    onSuccess: (session) => {
      setCsrfToken(session.csrfToken ?? "");
      toast.done("Your password is changed; you were signed out everywhere else");
      onClose();
    },
  });
  const problem = change.error ? asProblem(change.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (current && password) change.mutate();
  };
  return (
    <Modal opened onClose={onClose} title="Change password">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            Everywhere else you will be signed out.
          </Text>
          {problem && problem.errors.length === 0 && <ProblemAlert error={change.error} />}
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            data-autofocus
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            error={problem?.at("current")}
          />
          <NewPassword label="New password" value={password} onChange={setPassword} error={problem?.at("password")} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={change.isPending}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
