import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type FormEvent, type ReactNode, useState } from "react";

export interface Question {
  title: string;
  /** What will happen, in numbers where there are any. */
  body: ReactNode;
  confirm: string;
  cancel?: string;
  danger?: boolean;
  /** What must be typed first, for what cannot be taken back. */
  typed?: string;
}

/** Asks before something is done. True when confirmed; closing the dialog is a no. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const id = modals.open({
      title: question.title,
      onClose: () => resolve(false),
      children: (
        <Ask
          {...question}
          onAnswer={(yes) => {
            resolve(yes);
            modals.close(id);
          }}
        />
      ),
    });
  });
}

function Ask(props: Question & { onAnswer: (yes: boolean) => void }) {
  const { body, confirm: yes, cancel = "Cancel", danger, typed, onAnswer } = props;
  const [text, setText] = useState("");
  const ready = typed === undefined || text.trim() === typed;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onAnswer(true);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text component="div">{body}</Text>
        {typed !== undefined && (
          <TextInput
            label={
              <>
                Type <code>{typed}</code> to confirm
              </>
            }
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => onAnswer(false)}>
            {cancel}
          </Button>
          <Button
            type="submit"
            color={danger ? "red.8" : undefined}
            disabled={!ready}
            data-autofocus={typed === undefined || undefined}
          >
            {yes}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
