import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { type Permission, useLacking } from "~/api/session";

interface Props {
  permission: Permission;
  /** What somebody else may not, said in place of the children: "change mappings". Without it nothing is said. */
  to?: string;
  children?: ReactNode;
}

/** What is drawn for those alone whom the gateway lets do it; others read who may. */
export function May({ permission, to, children }: Props) {
  const role = useLacking(permission);
  if (!role) return children;
  if (!to) return null;
  const who = permission === "payloads" ? `a ${role} can let you` : `it needs the role ${role}`;
  return (
    <Text size="sm" c="dimmed">
      You may not {to}: {who}.
    </Text>
  );
}
