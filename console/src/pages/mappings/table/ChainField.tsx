import { ActionIcon, Group, NumberInput, Paper, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import type { Step } from "./chain";
import { JsonInput, JsonOnly } from "./inputs";
import { type OptionKind, transformerOf } from "./transformers";

interface Props {
  label: string;
  /** Undefined: written in a way that has no steps. */
  steps: readonly Step[] | undefined;
  onChange: (steps: Step[]) => void;
  /** Names of this installation, each with its options; null: any. */
  known: Record<string, readonly string[] | null>;
}

/** The transformers of a field in their order, each with its options and what it does. */
export function ChainField({ label, steps, onChange, known }: Props) {
  if (!steps) return <JsonOnly label={label} value="transform" />;
  const change = (index: number, step: Step) => onChange(steps.map((one, at) => (at === index ? step : one)));
  const shift = (index: number, by: number) => {
    const next = [...steps];
    next.splice(index + by, 0, ...next.splice(index, 1));
    onChange(next);
  };
  return (
    <Stack gap="xs">
      {steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one transformer may stand twice
        <Paper key={index} withBorder p="xs">
          <Group justify="space-between" wrap="nowrap" gap="xs">
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              <b>{step.name}</b>{" "}
              <Text span size="xs" c="dimmed">
                {transformerOf(step.name)?.help ?? "Of a plug-in."}
              </Text>
            </Text>
            <Group gap={2} wrap="nowrap">
              <Small label={`${step.name} earlier`} disabled={index === 0} onClick={() => shift(index, -1)}>
                <IconArrowUp size={14} />
              </Small>
              <Small label={`${step.name} later`} disabled={index === steps.length - 1} onClick={() => shift(index, 1)}>
                <IconArrowDown size={14} />
              </Small>
              <Small label={`Remove ${step.name}`} onClick={() => onChange(steps.filter((_, at) => at !== index))}>
                <IconX size={14} />
              </Small>
            </Group>
          </Group>
          <StepOptions step={step} onChange={(options) => change(index, { ...step, options })} />
        </Paper>
      ))}
      <Select
        label={label}
        placeholder="Add a transformer"
        searchable
        value={null}
        data={Object.keys(known)}
        renderOption={({ option }) => (
          <div>
            <Text size="sm">{option.value}</Text>
            <Text size="xs" c="dimmed">
              {transformerOf(option.value)?.help ?? "Of a plug-in."}
            </Text>
          </div>
        )}
        onChange={(name) => name && onChange([...steps, { name, options: {} }])}
      />
    </Stack>
  );
}

function Small(props: { label: string; disabled?: boolean; onClick: () => void; children: React.ReactNode }) {
  const { label, children, ...rest } = props;
  return (
    <ActionIcon size="sm" variant="subtle" color="gray" aria-label={label} {...rest}>
      {children}
    </ActionIcon>
  );
}

type Options = Record<string, unknown>;

function StepOptions({ step, onChange }: { step: Step; onChange: (options: Options) => void }) {
  const kinds = transformerOf(step.name)?.options ?? {};
  const change = (name: string, value: unknown) => {
    const { [name]: _, ...rest } = step.options;
    onChange(value === undefined ? rest : { ...rest, [name]: value });
  };
  const others = Object.entries(step.options).filter(([name]) => !(name in kinds));
  if (Object.keys(kinds).length === 0 && others.length === 0) return null;
  return (
    <Group gap="xs" mt={4} align="flex-start">
      {Object.entries(kinds).map(([name, kind]) => (
        <OptionInput
          key={name}
          kind={kind}
          name={name}
          value={step.options[name]}
          onChange={(value) => change(name, value)}
        />
      ))}
      {others.map(([name, value]) => (
        <JsonOnly key={name} label={name} value={value} />
      ))}
    </Group>
  );
}

interface OptionProps {
  kind: OptionKind;
  name: string;
  value: unknown;
  onChange: (value: unknown) => void;
}

function OptionInput({ kind, name, value, onChange }: OptionProps) {
  const fits = value === undefined || FITS[kind](value);
  if (!fits) return <JsonOnly label={name} value={value} />;
  if (kind === "json") return <JsonInput label={name} value={value} onChange={onChange} />;
  if (kind === "switch") {
    return (
      <Switch
        label={name}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked || undefined)}
      />
    );
  }
  if (kind === "number") {
    return (
      <NumberInput
        label={name}
        w={110}
        allowDecimal={false}
        value={value === undefined ? "" : Number(value)}
        onChange={(next) => onChange(next === "" ? undefined : Number(next))}
      />
    );
  }
  const list = kind === "names";
  return (
    <TextInput
      label={name}
      w={list ? 240 : 150}
      description={list ? "Names, with commas between" : undefined}
      value={list ? ((value as string[] | undefined) ?? []).join(", ") : ((value as string | undefined) ?? "")}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === "" ? undefined : list ? text.split(/,\s*/) : text);
      }}
    />
  );
}

const FITS: Record<OptionKind, (value: unknown) => boolean> = {
  text: (value) => typeof value === "string",
  number: (value) => Number.isSafeInteger(Number(value)),
  switch: (value) => typeof value === "boolean",
  names: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  json: () => true,
};
