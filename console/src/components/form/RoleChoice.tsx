import { Radio, type RadioGroupProps, Stack } from "@mantine/core";
import { ROLE_HINTS, ROLE_NAMES, type RoleName, roleWord } from "~/api/session";

interface Props extends Omit<RadioGroupProps, "children"> {
  /** Roles above this one are not offered. */
  most?: RoleName;
}

export function RoleChoice({ most = "platform_admin", ...field }: Props) {
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
