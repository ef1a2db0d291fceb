import { Group, Kbd, Modal, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { type Shortcut, shortcutsOn, useShortcutList } from "~/state/shortcuts";

/** The shortcuts of the page as it stands. */
export function ShortcutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const groups = new Map<string, Map<string, Shortcut>>();
  const shortcuts = useShortcutList();
  for (const shortcut of shortcuts) {
    const group = groups.get(shortcut.group) ?? new Map<string, Shortcut>();
    groups.set(shortcut.group, group.set(shortcut.keys, shortcut));
  }
  const on = shortcutsOn.use();
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {[...groups].map(([name, shortcuts]) => (
          <Stack key={name} gap={6}>
            <Text fw={600}>{name}</Text>
            {[...shortcuts.values()].map((shortcut) => (
              <Group key={shortcut.keys} justify="space-between" wrap="nowrap" gap="sm">
                <Text>{shortcut.label}</Text>
                <Keys keys={shortcut.keys} />
              </Group>
            ))}
          </Stack>
        ))}
      </SimpleGrid>
      <Switch
        mt="lg"
        size="sm"
        label="Single-key shortcuts"
        description="Off, only those with Ctrl or Cmd work"
        checked={on}
        onChange={(event) => shortcutsOn.set(event.currentTarget.checked)}
      />
    </Modal>
  );
}

function Keys({ keys }: { keys: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      {keys.split(/[ +]/).map((key) => (
        <Kbd key={key} size="xs">
          {key === "mod" ? "Ctrl/⌘" : key === "shift" ? "Shift" : key}
        </Kbd>
      ))}
    </Group>
  );
}
