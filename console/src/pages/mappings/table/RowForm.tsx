import { Grid, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { ChainField } from "./ChainField";
import { ConditionField } from "./ConditionField";
import { chainOf } from "./chain";
import { JsonOnly, type Known, NameInput, ValueInput, WholeNameInput } from "./inputs";
import {
  canonicalOf,
  isDirect,
  type Part,
  type Row,
  type Table,
  textAt,
  withCanonical,
  withChain,
  withProperty,
  withSource,
} from "./rows";

/** What is offered where a row names something. */
export interface Names {
  columns: readonly Known[];
  canonical: readonly Known[];
  /** Properties that the normalization makes. */
  made: readonly Known[];
  fields: readonly Known[];
  transformers: Record<string, readonly string[] | null>;
}

interface Props {
  row: Row;
  table: Table;
  text: string;
  onChange: (text: string) => void;
  names: Names;
}

const TYPES = ["string", "int", "decimal", "bool", "date", "datetime", "object", "array"];
const SAID = {
  normalization: ["source", "target", "type", "format", "required", "default", "transform", "options"],
  transformation: ["source", "target", "required", "default", "transform", "options", "when", "omitNull"],
  fixed: ["target", "value"],
};

/** All of a row: on the left how it is read, on the right how it is sent. */
export function RowForm({ row, table, text, onChange, names }: Props) {
  const put = (part: Part, name: string) => (value: unknown) => onChange(withProperty(text, row, part, name, value));
  const target = (
    <NameInput
      label="Target field"
      value={textAt(row.send?.field, "target")}
      onChange={put("transformation", "target")}
      known={names.fields}
    />
  );
  if (row.kind === "fixed") {
    return (
      <Stack gap="xs">
        {target}
        {isPlain(row.send?.field.value) ? (
          <ValueInput
            label="Fixed value"
            value={row.send?.field.value}
            onChange={(value) => put("transformation", "value")(value ?? null)}
          />
        ) : (
          <JsonOnly label="Fixed value" value={row.send?.field.value} />
        )}
        <Rest row={row} part="transformation" />
      </Stack>
    );
  }
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, sm: 6 }}>
        <Stack gap="xs">
          <NameInput
            label="Source column"
            value={textAt(row.read?.field, "source")}
            onChange={(value) => onChange(withSource(text, row, value))}
            known={names.columns}
          />
          <WholeNameInput
            label="Canonical name"
            description="Between source and target; changed everywhere in the mapping when you leave the field"
            value={canonicalOf(row)}
            onChange={(value) => onChange(withCanonical(text, table, row, value))}
            known={isDirect(row) ? names.canonical : names.made}
          />
          {row.read && <ReadPart row={row} text={text} onChange={onChange} names={names} put={put} />}
        </Stack>
      </Grid.Col>
      {row.send && (
        <Grid.Col span={{ base: 12, sm: 6 }}>
          <Stack gap="xs">
            {target}
            <ChainField
              label="Transformers before it is sent"
              steps={chainOf(row.send.field)}
              onChange={(steps) => onChange(withChain(text, row, "transformation", steps))}
              known={names.transformers}
            />
            <ConditionField value={row.send.field.when} onChange={put("transformation", "when")} known={names.made} />
            <Demands field={row.send.field} put={(name) => put("transformation", name)} />
            <Switch
              label="Leave a null out"
              checked={row.send.field.omitNull === true}
              onChange={(event) => put("transformation", "omitNull")(event.currentTarget.checked || undefined)}
            />
            <Rest row={row} part="transformation" />
          </Stack>
        </Grid.Col>
      )}
    </Grid>
  );
}

interface ReadProps extends Omit<Props, "table"> {
  put: (part: Part, name: string) => (value: unknown) => void;
}

function ReadPart({ row, text, onChange, names, put }: ReadProps) {
  const field = row.read?.field ?? {};
  const type = textAt(field, "type") || "string";
  return (
    <>
      <ChainField
        label="Transformers as it is read"
        steps={chainOf(field)}
        onChange={(steps) => onChange(withChain(text, row, "normalization", steps))}
        known={names.transformers}
      />
      <Select
        label="Type"
        data={TYPES}
        allowDeselect={false}
        value={type}
        onChange={(next) => put("normalization", "type")(next === "string" ? undefined : next)}
      />
      {(type === "date" || type === "datetime") && (
        <TextInput
          label="Format"
          description="As the source writes it, such as dd.MM.yyyy; empty for ISO 8601"
          value={textAt(field, "format")}
          onChange={(event) => put("normalization", "format")(event.currentTarget.value || undefined)}
        />
      )}
      <Demands field={field} put={(name) => put("normalization", name)} />
      <Rest row={row} part="normalization" />
    </>
  );
}

function Demands({ field, put }: { field: Record<string, unknown>; put: (name: string) => (value: unknown) => void }) {
  return (
    <>
      <Switch
        label="Required: an empty value fails the record"
        checked={field.required === true}
        onChange={(event) => put("required")(event.currentTarget.checked || undefined)}
      />
      {isPlain(field.default) ? (
        <ValueInput label="Default for an empty value" value={field.default} onChange={put("default")} />
      ) : (
        <JsonOnly label="Default for an empty value" value={field.default} />
      )}
    </>
  );
}

/** Whether a value has no parts, so that one line can hold it. */
function isPlain(value: unknown): boolean {
  return (
    value === null ||
    typeof value !== "object" ||
    (Object.getPrototypeOf(value) !== Object.prototype && !Array.isArray(value))
  );
}

/** What a field has that the form does not know. */
function Rest({ row, part }: { row: Row; part: Part }) {
  const field = (part === "normalization" ? row.read : row.send)?.field ?? {};
  const said = row.kind === "fixed" ? SAID.fixed : SAID[part];
  const others = Object.entries(field).filter(([name]) => !said.includes(name));
  if (others.length === 0) return null;
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed">
        More of this field
      </Text>
      {others.map(([name, value]) => (
        <JsonOnly key={name} label={name} value={value} />
      ))}
    </Stack>
  );
}
