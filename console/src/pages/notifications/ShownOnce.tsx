import { Alert, Button, Group, Stack } from "@mantine/core";
import { Secret } from "~/components/Secret";

/** A signing secret, the one time that it can be shown. */
export function ShownOnce({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Stack gap="md">
      <Alert color="yellow" title="Copy the secret now" styles={{ title: { color: "var(--sl-warn-text)" } }}>
        It is shown this one time. The receiver checks with it that an event comes from here.
      </Alert>
      <Secret value={secret} what="the secret" />
      <Group justify="flex-end">
        <Button onClick={onClose}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
