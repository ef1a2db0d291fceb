import { Checkbox, Chip, Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { DAYS, type Draft, LAST_DAY, PACES, type Pace } from "./words";

const NAMES: Record<Pace, string> = {
  minutes: "Minutes",
  hours: "Hours",
  daily: "Daily",
  weekly: "Weekly",
  monthly: "Monthly",
  cron: "Cron",
};
const DAY_NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

interface Props {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  /** What the server says is wrong. */
  error: string | undefined;
}

/** The builder: when a schedule fires, by a form for each pace or as a cron expression. */
export function Timing({ draft, set, error }: Props) {
  return (
    <Stack gap="xs">
      <Text fw={500} id="pace">
        Runs
      </Text>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-labelledby="pace"
        data={PACES.map((pace) => ({ value: pace, label: NAMES[pace] }))}
        value={draft.pace}
        onChange={(pace) => set({ pace: pace as Pace })}
      />
      <Fields draft={draft} set={set} error={error} />
      {error && draft.pace !== "cron" && (
        <Text size="xs" c="var(--sl-bad-text)" role="alert">
          {error}
        </Text>
      )}
    </Stack>
  );
}

function Fields({ draft, set, error }: Props) {
  const { pace } = draft;
  if (pace === "minutes")
    return <Whole label="Every … minutes" max={59} value={draft.minutes} onChange={(minutes) => set({ minutes })} />;
  if (pace === "hours")
    return (
      <Group grow>
        <Whole label="Every … hours" max={23} value={draft.hours} onChange={(hours) => set({ hours })} />
        <Whole label="At minute" min={0} max={59} value={draft.minute} onChange={(minute) => set({ minute })} />
      </Group>
    );
  if (pace === "cron")
    return (
      <TextInput
        label="Cron expression"
        description="Minute, hour, day of month, month, day of week"
        value={draft.cron}
        error={error}
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        onChange={(event) => set({ cron: event.currentTarget.value })}
      />
    );
  return (
    <>
      {pace === "weekly" && <Days days={draft.days} onChange={(days) => set({ days })} />}
      <Group align="flex-end" grow preventGrowOverflow={false}>
        {pace === "monthly" && <DayOfMonth day={draft.day} onChange={(day) => set({ day })} />}
        <TextInput
          label="At"
          type="time"
          value={draft.at}
          onChange={(event) => set({ at: event.currentTarget.value })}
        />
      </Group>
    </>
  );
}

function Days({ days, onChange }: { days: string[]; onChange: (days: string[]) => void }) {
  return (
    <Chip.Group multiple value={days} onChange={onChange}>
      <Group gap={6} role="group" aria-label="Days of the week">
        {DAYS.map((day, index) => (
          <Chip key={day} value={day} size="xs">
            {DAY_NAMES[index]}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  );
}

function DayOfMonth({ day, onChange }: { day: number; onChange: (day: number) => void }) {
  const last = day === LAST_DAY;
  return (
    <Stack gap={6}>
      <Whole label="Day of the month" max={31} value={last ? 31 : day} disabled={last} onChange={onChange} />
      <Checkbox
        size="xs"
        label="The last day"
        checked={last}
        onChange={(event) => onChange(event.currentTarget.checked ? LAST_DAY : 1)}
      />
    </Stack>
  );
}

interface WholeProps {
  label: string;
  min?: number;
  max: number;
  value: number;
  disabled?: boolean;
  onChange: (value: number) => void;
}

function Whole({ label, min = 1, max, value, disabled, onChange }: WholeProps) {
  return (
    <NumberInput
      label={label}
      description={`${min} to ${max}`}
      allowDecimal={false}
      allowNegative={false}
      value={value}
      disabled={disabled ?? false}
      onChange={(next) => onChange(Number(next))}
    />
  );
}
