import { Button, Group, Modal, Radio, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { labelOf } from "~/api/problem";
import { plural } from "~/state/format";
import classes from "./Comparison.module.css";
import { type Difference, merge, type Side, type Sides } from "./merge";

interface Props extends Sides<object> {
  /** The field whose values are not shown. */
  secrets: string | undefined;
  /** The form's name of a field where it is not made of the path. */
  label: ((path: string[]) => string | undefined) | undefined;
  /** With what came of it, or null when it was closed. */
  onEnd: (merged: object | null) => void;
}

const BY = { yours: "Changed by you", theirs: "Changed by somebody else", both: "Changed by both" };
const COLUMNS = [
  ["yours", "Yours"],
  ["theirs", "Theirs"],
  ["base", "You began from"],
] as const;

/** What was typed and what somebody else has saved, side by side: one side is taken for each difference. */
export default function Comparison({ base, yours, theirs, secrets, label, onEnd }: Props) {
  const { differences, take } = useMemo(() => merge({ base, yours, theirs }), [base, yours, theirs]);
  const [sides, setSides] = useState(() => differences.map(({ by }) => (by === "both" ? null : by)));
  const open = sides.filter((side) => side === null).length;
  const all = (side: Side) => setSides(sides.map(() => side));
  return (
    <Modal opened onClose={() => onEnd(null)} title="Yours and theirs" size="min(1280px, 96vw)">
      <Stack gap="md">
        <Text>
          {differences.length === 0
            ? "Both say the same."
            : "Somebody else has saved this since you began. Take a side for each difference; what comes of it goes into the form, to be edited and saved on top of theirs."}
        </Text>
        {differences.map((one, index) => (
          <Choice
            // biome-ignore lint/suspicious/noArrayIndexKey: the list stays as it is
            key={index}
            difference={one}
            label={label?.(one.path) ?? labelOf(one.path.join("."))}
            secret={one.path[0] === secrets}
            side={sides[index] ?? null}
            onTake={(side) => setSides(sides.map((before, at) => (at === index ? side : before)))}
          />
        ))}
        <Group justify="space-between" className={classes.foot}>
          <Group gap="xs">
            <Button variant="default" onClick={() => all("yours")}>
              All of mine
            </Button>
            <Button variant="default" onClick={() => all("theirs")}>
              All of theirs
            </Button>
          </Group>
          <Group gap="xs">
            {open > 0 && <Text c="dimmed">{plural(open, "difference")} to decide</Text>}
            <Button variant="default" onClick={() => onEnd(null)}>
              Cancel
            </Button>
            <Button disabled={open > 0} onClick={() => onEnd(take(sides.map((side) => side ?? "theirs")))}>
              Put into the form
            </Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}

interface ChoiceProps {
  difference: Difference;
  label: string;
  secret: boolean;
  side: Side | null;
  onTake: (side: Side) => void;
}

function Choice({ difference, label, secret, side, onTake }: ChoiceProps) {
  const { line, by } = difference;
  const where = label + (line ? `, line ${line}` : "");
  return (
    <Radio.Group
      value={side}
      onChange={(value) => onTake(value as Side)}
      label={
        <Group gap="xs">
          {where}
          <Text span size="sm" c={by === "both" ? "var(--sl-warn-text)" : "dimmed"}>
            {BY[by]}
          </Text>
        </Group>
      }
    >
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xs" mt={4}>
        {COLUMNS.map(([column, title]) => (
          <div key={column} className={classes.side} data-taken={side === column}>
            {column === "base" ? <Text fz="sm">{title}</Text> : <Radio value={column} label={title} size="xs" />}
            <pre data-differs={column !== "base" && (by === "both" || by === column)}>
              {secret ? (by === column ? "Typed anew" : "As stored") : textOf(difference[column])}
            </pre>
          </div>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || value === "") return "(nothing)";
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join("\n") || "(nothing)";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
