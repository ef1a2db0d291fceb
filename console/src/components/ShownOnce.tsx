import { Alert, Button, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { ReactNode } from "react";

interface Props {
  value: string;
  /** "API key", "secret", "link". */
  what: string;
  /** Why to copy it now, behind the title. */
  title?: string;
  children: ReactNode;
  /** How it is used. */
  use?: ReactNode;
  done?: string;
  onClose: () => void;
}

/** A key, a secret or a link, the one time that it can be shown. */
export function ShownOnce({ value, what, title, children, use, done = "I have copied it", onClose }: Props) {
  return (
    <Stack gap="md">
      {title ? (
        <Alert color="yellow" title={title}>
          {children}
        </Alert>
      ) : (
        <Text size="sm">{children}</Text>
      )}
      <Copied value={value} what={what} />
      {use && (
        <Text size="sm" c="dimmed">
          {use}
        </Text>
      )}
      <Group justify="flex-end">
        <Button onClick={onClose}>{done}</Button>
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
