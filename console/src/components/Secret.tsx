import { Button, CopyButton, Group, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A key, a secret or a link that is shown once, with a button that copies it. */
export function Secret({ value, what }: { value: string; what: string }) {
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
