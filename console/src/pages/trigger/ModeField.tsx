import { Radio, type RadioGroupProps, Stack } from "@mantine/core";
import { MODES } from "~/pages/search";
import { consequence, MODE_WORDS } from "./fields";

interface Props extends Omit<RadioGroupProps, "children"> {
  ids: number;
  disabled: boolean;
}

/** The three modes, each with what it will do. */
export function ModeField({ ids, disabled, ...field }: Props) {
  return (
    <Radio.Group label="Mode" {...field}>
      <Stack gap={8} mt={6}>
        {MODES.map((one) => (
          <Radio
            key={one}
            value={one}
            size="xs"
            label={MODE_WORDS[one]}
            description={one === "reset_cursor" && ids > 0 ? "Not together with source IDs." : consequence(one, ids)}
            disabled={disabled}
            styles={{ label: { fontSize: 13, fontWeight: 500 }, description: { fontSize: 12, marginTop: 1 } }}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
