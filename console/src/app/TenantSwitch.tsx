import { Button, Menu, Text } from "@mantine/core";
import { IconBuilding, IconCheck, IconSelector } from "@tabler/icons-react";
import { api } from "~/api/client";
import { useSession } from "~/api/session";
import { leave } from "~/pages/login/entering";

/** The workspace everything on the page belongs to, and the way to another. */
export function TenantSwitch() {
  const { data: session } = useSession();
  if (!session) return null;
  if (session.tenants.length < 2) {
    return (
      <Text c="dimmed" visibleFrom="md" maw={160} truncate>
        {session.tenant}
      </Text>
    );
  }
  return (
    <Menu position="bottom-end" shadow="md" width={240}>
      <Menu.Target>
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconBuilding size={15} />}
          rightSection={<IconSelector size={14} />}
          aria-label={`Tenant ${session.tenant}: switch`}
        >
          <Text span maw={140} truncate>
            {session.tenant}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
        <Menu.Label>Tenant</Menu.Label>
        {session.tenants.map((tenant) => (
          <Menu.Item
            key={tenant}
            leftSection={<IconCheck size={15} visibility={tenant === session.tenant ? "visible" : "hidden"} />}
            aria-current={tenant === session.tenant}
            onClick={() => tenant !== session.tenant && void switchTo(tenant)}
          >
            {tenant}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function switchTo(tenant: string): Promise<void> {
  // What is in memory, and what is live, belongs to the other tenant.
  return leave(() => api.put("/api/v1/session/tenant", { body: { tenant } }), "/");
}
