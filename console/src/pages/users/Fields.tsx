import { MultiSelect } from "@mantine/core";
import type { Problem } from "~/api/problem";
import { type RoleName, useSession } from "~/api/session";
import { RoleChoice } from "~/pages/api-keys/CreateKey";

interface Props {
  role: RoleName;
  tenants: string[];
  onChange: (change: { role?: RoleName; tenants?: string[] }) => void;
  problem?: Problem | undefined;
}

/** What somebody may do, and where. */
export function RoleAndTenants({ role, tenants, onChange, problem }: Props) {
  const known = useSession().data?.tenants ?? [];
  return (
    <>
      <RoleChoice value={role} onChange={(chosen) => onChange({ role: chosen })} />
      {role !== "platform_admin" && (
        <MultiSelect
          label="Tenants"
          description="Where they may work"
          required
          data={known}
          value={tenants}
          onChange={(chosen) => onChange({ tenants: chosen })}
          error={problem?.at("tenants")}
          searchable
        />
      )}
    </>
  );
}
