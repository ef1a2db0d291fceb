import { Text } from "@mantine/core";
import { useSession } from "~/api/session";

/** The workspace everything on the page belongs to. */
export function TenantSwitch() {
  const { data: session } = useSession();
  if (!session) return null;
  return (
    <Text size="sm" c="dimmed" visibleFrom="md" maw={160} truncate>
      {session.tenant}
    </Text>
  );
}
