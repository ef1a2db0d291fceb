import { Avatar, Menu, Text, UnstyledButton } from "@mantine/core";
import { useSession } from "~/api/session";
import { shortcutsOn } from "~/state/shortcuts";

/** Who is signed in, and what is theirs to choose. */
export function UserMenu() {
  const { data: session } = useSession();
  const on = shortcutsOn.use();
  const name = session?.name ?? "";
  return (
    <Menu position="bottom-end" shadow="md" width={220}>
      <Menu.Target>
        <UnstyledButton aria-label={`Signed in as ${name}`}>
          <Avatar size={28} radius="xl" name={name} color="initials" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} truncate>
            {name}
          </Text>
          <Text size="xs">{session?.role}</Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item onClick={() => shortcutsOn.set(!on)}>Single-key shortcuts: {on ? "on" : "off"}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
