import { Avatar, Menu, Text, UnstyledButton } from "@mantine/core";
import { IconKeyboard, IconLock, IconLogout, IconUser } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { api } from "~/api/client";
import { roleWord, useSession } from "~/api/session";
import { leave } from "~/pages/login/entering";
import { shortcutsOn } from "~/state/shortcuts";

const OwnPassword = lazy(() => import("./OwnPassword"));

/** Who is signed in, and what is theirs to choose. */
export function UserMenu() {
  const { data: session } = useSession();
  const on = shortcutsOn.use();
  const [changing, setChanging] = useState(false);
  const name = session?.name ?? "";
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={220}>
        <Menu.Target>
          <UnstyledButton aria-label={`Signed in as ${name}`}>
            <Avatar size={28} radius="xl" variant="filled" color="blue">
              <IconUser size={16} />
            </Avatar>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text fw={600} truncate>
              {name}
            </Text>
            <Text size="xs">{roleWord(session?.role)}</Text>
          </Menu.Label>
          <Menu.Divider />
          <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={() => shortcutsOn.set(!on)}>
            Single-key shortcuts: {on ? "on" : "off"}
          </Menu.Item>
          <Menu.Item leftSection={<IconLock size={16} />} onClick={() => setChanging(true)}>
            Change password
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} />}
            onClick={() => void leave(() => api.delete("/api/v1/session"), "/login")}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {changing && (
        <Suspense fallback={null}>
          <OwnPassword onClose={() => setChanging(false)} />
        </Suspense>
      )}
    </>
  );
}
