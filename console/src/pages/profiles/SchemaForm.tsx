import {
  Button,
  Collapse,
  Fieldset,
  Group,
  JsonInput,
  type JsonInputProps,
  NumberInput,
  Select,
  Stack,
  TextInput,
} from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { useLacking } from "~/api/session";
import { helped } from "~/components/Help";
import { isObject } from "~/state/equal";
import { changedAt, counts, type Property, type Values, valueAt } from "./schemaForm";

interface Props {
  schema: Property;
  values: Values;
  onChange: (values: Values) => void;
  /** What is wrong with a setting, by its path: `auth.tokenUrl`. */
  mistake: (path: string) => string | undefined;
  /** Where the docs explain a setting, by its path. */
  help: (path: string) => string;
}

/** A form made of a connector's JSON Schema; what most leave alone is folded away. */
export function SchemaForm({ schema, values, onChange, mistake, help }: Props) {
  const entries = Object.entries(schema.properties ?? {});
  const plain = entries.filter(([, property]) => !property["x-advanced"]);
  const advanced = entries.filter(([, property]) => property["x-advanced"]);
  const isSet = advanced.filter(([name]) => values[name] !== undefined);
  const isWrong = advanced.some(([name]) => mistake(name) !== undefined);
  // Who may not change them cannot unfold them.
  const [opened, setOpened] = useState(Boolean(useLacking("configure")));
  const open = opened || isWrong;
  const shared = { root: schema, values, onChange, mistake, help };
  return (
    <Stack gap="sm">
      <Fields entries={plain} path={[]} required={schema.required ?? []} {...shared} />
      {advanced.length > 0 && (
        <>
          <Button
            variant="subtle"
            size="compact-sm"
            w="fit-content"
            aria-expanded={open}
            leftSection={open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
            onClick={() => setOpened(!open)}
          >
            More settings{isSet.length > 0 && ` (${isSet.length} set)`}
          </Button>
          <Collapse expanded={open}>
            <Stack gap="sm">
              <Fields entries={advanced} path={[]} required={[]} {...shared} />
            </Stack>
          </Collapse>
        </>
      )}
    </Stack>
  );
}

interface FieldsProps extends Omit<Props, "schema"> {
  entries: [string, Property][];
  path: string[];
  required: string[];
  root: Property;
}

function Fields({ entries, path, required, ...rest }: FieldsProps) {
  return entries
    .filter(([, property]) => counts(property, rest.root, rest.values))
    .map(([name, property]) => (
      <Field
        key={name}
        property={property}
        path={[...path, name]}
        required={required.includes(name) || property["x-required"] === true}
        {...rest}
      />
    ));
}

interface FieldProps extends Omit<FieldsProps, "entries" | "required"> {
  property: Property;
  required: boolean;
}

function Field({ property, path, required, ...rest }: FieldProps) {
  const { values, onChange, mistake, help } = rest;
  const joined = path.join(".");
  if (property.properties) {
    const entries = Object.entries(property.properties);
    return (
      <Fieldset legend={property.title} p="sm">
        <Stack gap="sm">
          <Fields entries={entries} path={path} required={property.required ?? []} {...rest} />
        </Stack>
      </Fieldset>
    );
  }
  const value = valueAt(values, joined);
  const set = (next: unknown) => onChange(changedAt(values, path, next));
  const common = {
    label: property.title ?? path.at(-1),
    description: property.description,
    error: mistake(joined),
    withAsterisk: required,
    name: joined,
    ...helped(help(joined), property.title ?? joined),
  };
  if (property.enum) {
    const labels = property["x-labels"] ?? {};
    return (
      <Select
        {...common}
        data={property.enum.map((one) => ({ value: one, label: labels[one] ?? one }))}
        value={String(value ?? property.default ?? "") || null}
        allowDeselect={false}
        onChange={(next) => set(next === property.default ? undefined : next)}
        maw={420}
      />
    );
  }
  if (property.type === "integer" || property.type === "number") {
    return (
      <NumberInput
        {...common}
        value={typeof value === "number" || typeof value === "string" ? value : ""}
        placeholder={property.default === undefined ? undefined : String(property.default)}
        allowDecimal={property.type === "number"}
        onChange={(next) => set(next === "" ? undefined : next)}
        hideControls
        maw={200}
      />
    );
  }
  if (property.type === "object" || property.type === "array") {
    return <JsonField {...common} value={value} onChange={set} />;
  }
  return (
    <TextInput
      {...common}
      value={typeof value === "string" ? value : ""}
      placeholder={property.default === undefined ? undefined : String(property.default)}
      onChange={(event) => set(event.currentTarget.value)}
      maw={520}
    />
  );
}

interface JsonFieldProps extends Pick<JsonInputProps, "inputContainer"> {
  label: string | undefined;
  description: string | undefined;
  error: string | undefined;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** A setting without a form of its own: JSON. */
function JsonField({ label, description, error, inputContainer, value, onChange }: JsonFieldProps) {
  const [typed, setTyped] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [broken, setBroken] = useState(false);
  const change = (text: string) => {
    setTyped(text);
    try {
      const next: unknown = text.trim() === "" ? undefined : JSON.parse(text);
      setBroken(next !== undefined && !isObject(next) && !Array.isArray(next));
      onChange(next);
    } catch {
      setBroken(true);
    }
  };
  return (
    <Group grow>
      <JsonInput
        label={label}
        description={description}
        error={error ?? (broken ? "This is no JSON yet; it is not saved" : undefined)}
        value={typed}
        onChange={change}
        inputContainer={inputContainer}
        autosize
        minRows={2}
        maw={520}
      />
    </Group>
  );
}
