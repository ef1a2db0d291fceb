import { Group, Select } from "@mantine/core";
import { JsonOnly, type Known, NameInput, ValueInput } from "./inputs";
import type { Field } from "./rows";

const WORDS: Record<string, string> = {
  eq: "is",
  ne: "is not",
  in: "is one of",
  notIn: "is none of",
  exists: "is there",
  empty: "is empty",
  gt: "is above",
  gte: "is at least",
  lt: "is below",
  lte: "is at most",
};

interface Props {
  value: unknown;
  onChange: (value: unknown) => void;
  known: readonly Known[];
}

/** When a field is written: one comparison; several joined are in the JSON alone. */
export function ConditionField({ value, onChange, known }: Props) {
  const rule = (value ?? {}) as Field;
  const simple = value === undefined || value === null || isSimple(rule);
  if (!simple) return <JsonOnly label="Written when" value={value} />;
  const field = typeof rule.field === "string" ? rule.field : "";
  const op = typeof rule.op === "string" ? rule.op : "eq";
  const change = (parts: Field) => {
    const next = { ...rule, ...parts };
    if (next.field === "") return onChange(undefined);
    onChange(Object.fromEntries(Object.entries(next).filter(([, one]) => one !== undefined)));
  };
  return (
    <Group gap="xs" align="flex-end">
      <NameInput
        label="Written when"
        placeholder="Always"
        value={field}
        known={known}
        onChange={(next) => change({ field: next })}
      />
      {field && (
        <Select
          aria-label="Comparison"
          w={130}
          allowDeselect={false}
          data={Object.entries(WORDS).map(([name, label]) => ({ value: name, label }))}
          value={op}
          onChange={(next) => change({ op: next ?? "eq", ...(isBare(next) && { value: undefined }) })}
        />
      )}
      {field && !isBare(op) && (
        <ValueInput
          label="Value"
          description={op === "in" || op === "notIn" ? 'A list: ["A", "B"]' : "A text, or JSON"}
          value={rule.value}
          onChange={(next) => change({ value: next })}
        />
      )}
    </Group>
  );
}

const isBare = (op: string | null) => op === "exists" || op === "empty";

function isSimple(rule: Field): boolean {
  const { field, op = "eq" } = rule;
  const more = Object.keys(rule).some((name) => !["field", "op", "value"].includes(name));
  return typeof field === "string" && typeof op === "string" && op in WORDS && !more;
}

/** A condition in a few words, for the table. */
export function conditionWords(value: unknown, written: (value: unknown) => string): string {
  const rule = (value ?? {}) as Field;
  if (typeof value !== "object" || !isSimple(rule)) return "when … (JSON)";
  const op = String(rule.op ?? "eq");
  return `when ${rule.field} ${WORDS[op]}${isBare(op) ? "" : ` ${written(rule.value ?? null)}`}`;
}
