import { MultiSelect } from "@mantine/core";
import type { Schema } from "~/api/client";
import { type RoleName, useSession } from "~/api/session";
import type { ApiForm } from "~/components/form/form";
import { RoleChoice } from "~/components/form/RoleChoice";

export type User = Schema<"UserView">;

export interface Access {
  role: RoleName;
  tenants: string[];
}

/** Whether somebody may sign in, could already, or was only invited so far. */
export function statusOf(user: User): string {
  if (user.disabled) return "disabled";
  return user.hasPassword || user.signedInAt ? "active" : "invited";
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
