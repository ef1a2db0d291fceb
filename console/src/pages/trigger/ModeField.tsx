import { Radio, Stack } from "@mantine/core";
import { consequence, MODE_WORDS, MODES, type Mode } from "./fields";

interface Props {
  mode: Mode;
  ids: number;
  error: string | undefined;
  disabled: boolean;
  onChange: (mode: Mode) => void;
}

/** The three modes, each with what it will do. */
export function ModeField({ mode, ids, error, disabled, onChange }: Props) {
  return (
    <Radio.Group label="Mode" value={mode} onChange={(value) => onChange(value as Mode)} error={error}>
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
