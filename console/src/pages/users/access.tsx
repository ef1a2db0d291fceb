import { Checkbox, type CheckboxProps, MultiSelect, Radio, type RadioGroupProps, Stack } from "@mantine/core";
import type { Schema } from "~/api/client";
import { ROLE_HINTS, ROLE_NAMES, type RoleName, roleWord, useSession } from "~/api/session";
import type { ApiForm } from "~/components/form/form";

export type User = Schema<"UserView">;

export interface Access {
  role: RoleName;
  tenants: string[];
  seesPayloads: boolean;
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
      <RoleChoice
        {...field("role")}
        onChange={(role) => {
          setFieldValue("role", role as RoleName);
          setFieldValue("seesPayloads", role !== "runner");
        }}
      />
      <PayloadChoice {...field("seesPayloads", { type: "checkbox" })} />
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

/** Whether somebody may see what records hold. */
export function PayloadChoice(field: CheckboxProps) {
  return (
    <Checkbox
      label="Sees payloads"
      description="What records hold: dead letters, passports, dry runs. Each look is in the audit log"
      {...field}
    />
  );
}

interface RoleProps extends Omit<RadioGroupProps, "children"> {
  /** Roles above this one are not offered. */
  most?: RoleName;
}

export function RoleChoice({ most = "platform_admin", ...field }: RoleProps) {
  const offered = ROLE_NAMES.slice(0, ROLE_NAMES.indexOf(most) + 1);
  return (
    <Radio.Group label="Role" {...field}>
      <Stack gap={6} mt={6}>
        {offered.map((role) => (
          <Radio key={role} value={role} label={roleWord(role)} description={ROLE_HINTS[role]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
