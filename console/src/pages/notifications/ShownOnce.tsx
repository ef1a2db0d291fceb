import { Alert, Button, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A signing secret, the one time that it can be shown. */
export function ShownOnce({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Stack gap="md">
      <Alert color="yellow" title="Copy the secret now" styles={{ title: { color: "var(--sl-warn-text)" } }}>
        It is shown this one time. The receiver checks with it that an event comes from here.
      </Alert>
      <Group gap="xs" wrap="nowrap" align="stretch">
        <Text
          component="code"
          size="sm"
          p="xs"
          bg="var(--sl-sunken)"
          style={{ overflowWrap: "anywhere", flex: 1, borderRadius: 4, border: "1px solid var(--sl-line)" }}
        >
          {secret}
        </Text>
        <CopyButton value={secret} timeout={2000}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              h="auto"
              leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              onClick={copy}
              aria-label="Copy the secret"
              data-autofocus
            >
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Group justify="flex-end">
        <Button onClick={onClose}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
