import { MultiSelect } from "@mantine/core";
import { type RoleName, useSession } from "~/api/session";
import { RoleChoice } from "~/components/form/RoleChoice";
import type { ApiForm } from "~/components/form/useApiForm";

export interface Access {
  role: RoleName;
  tenants: string[];
}

interface Props {
  form: Pick<ApiForm<Access>, "field" | "values" | "setFieldValue">;
}

/** What somebody may do, and where. */
export function RoleAndTenants({ form: { field, values, setFieldValue } }: Props) {
  const known = useSession().data?.tenants ?? [];
  return (
    <>
      <RoleChoice {...field("role")} />
      {values.role !== "platform_admin" && (
        <MultiSelect
          label="Tenants"
          description="Where they may work"
          required
          data={known}
          searchable
          {...field("tenants")}
          onChange={(tenants) => setFieldValue("tenants", [...tenants].sort())}
        />
      )}
    </>
  );
}
