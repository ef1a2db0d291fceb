import { Alert, Button, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { type ReactNode, useEffect } from "react";
import { useDialog } from "./form/form";

interface Props {
  value: string;
  /** "API key", "secret", "link". */
  what: string;
  /** What the dialog is called while it is shown. */
  dialogTitle?: string;
  /** Why to copy it now. */
  title?: string;
  children: ReactNode;
  /** How it is used. */
  use?: ReactNode;
  done?: string;
  /** If it does not close the dialog. */
  onClose?: () => void;
}

/** A key, a secret or a link, the one time that it can be shown. */
export function ShownOnce(props: Props) {
  const { value, what, dialogTitle, title, children, use, done = "I have copied it", onClose } = props;
  const dialog = useDialog();
  const keep = dialog?.keep;
  useEffect(() => keep?.(dialogTitle), [keep, dialogTitle]);
  return (
    <Stack gap="md">
      {title ? (
        <Alert color="yellow" title={title}>
          {children}
        </Alert>
      ) : (
        <Text>{children}</Text>
      )}
      <Copied value={value} what={what} />
      {use && <Text c="dimmed">{use}</Text>}
      <Group justify="flex-end">
        <Button onClick={onClose ?? dialog?.done}>{done}</Button>
      </Group>
    </Stack>
  );
}

/** The value, with a button that copies it. */
function Copied({ value, what }: { value: string; what: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="stretch">
      <Text
        component="code"
        size="sm"
        p="xs"
        bg="var(--sl-sunken)"
        style={{ overflowWrap: "anywhere", flex: 1, borderRadius: 4, border: "1px solid var(--sl-line)" }}
      >
        {value}
      </Text>
      <CopyButton value={value} timeout={2000}>
        {({ copied, copy }) => (
          <Button
            variant="default"
            h="auto"
            leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            onClick={copy}
            aria-label={copied ? `Copied ${what}` : `Copy ${what}`}
            data-autofocus
          >
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
