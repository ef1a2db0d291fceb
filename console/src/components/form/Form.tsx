import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { ProblemAlert } from "~/components/ProblemAlert";
import { useDialog } from "./FormModal";
import type { ApiForm } from "./useApiForm";

interface Props<V, R> {
  form: ApiForm<V, R>;
  /** On the button that sends it. */
  submit: string;
  /** Whether all is there that the server needs. */
  ready?: boolean;
  danger?: boolean;
  /** The button has the focus first, not a field. */
  focused?: boolean;
  /** Instead of the plain words of a refusal. */
  refusal?: ReactNode;
  /** Leaves to the server what the browser would refuse. */
  noValidate?: boolean;
  children: ReactNode;
}

/** A form: why it was refused, its fields, and the button that sends it; in a dialog beside one that closes it. */
export function Form<V extends object, R>(props: Props<V, R>) {
  const { form, submit, ready = true, danger = false, focused, refusal, noValidate, children } = props;
  const dialog = useDialog();
  const send = form.onSubmit(() => {
    if (ready && !form.pending) form.send();
  });
  return (
    <form onSubmit={send} noValidate={noValidate}>
      <Stack gap={dialog ? "md" : "sm"}>
        {refusal ?? <ProblemAlert error={form.problem} />}
        {children}
        {dialog ? (
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={dialog.close}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={form.pending}
              disabled={!ready}
              color={danger ? "red" : undefined}
              data-autofocus={focused || undefined}
            >
              {submit}
            </Button>
          </Group>
        ) : (
          <Button type="submit" loading={form.pending || form.result !== undefined} fullWidth mt="xs">
            {submit}
          </Button>
        )}
      </Stack>
    </form>
  );
}
