import { Autocomplete, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { isJson, parsePayload, payloadText } from "~/api/lossless";
import { inline } from "./edits";

/** A name to choose or to type, with what is known of it. */
export interface Known {
  name: string;
  detail?: string | undefined;
}

interface NameProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  known: readonly Known[];
  description?: string | undefined;
  placeholder?: string;
  /** One of the known names was chosen, not typed. */
  onChosen?: (value: string) => void;
  onBlur?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}

/** A name: those that are known are offered with their types, any other can be typed. */
export function NameInput({ known, onChosen, ...input }: NameProps) {
  const details = new Map(known.map(({ name, detail }) => [name, detail]));
  return (
    <Autocomplete
      {...input}
      {...(onChosen && { onOptionSubmit: onChosen })}
      data={[...details.keys()]}
      limit={200}
      // Hidden options would be drawn anew at every key.
      comboboxProps={{ keepMounted: false }}
      maxDropdownHeight={260}
      renderOption={({ option }) => (
        <Group justify="space-between" gap="sm" w="100%" wrap="nowrap">
          <Text inherit style={{ overflowWrap: "anywhere" }}>
            {option.value}
          </Text>
          <Text c="dimmed" size="xs" ta="right">
            {details.get(option.value)}
          </Text>
        </Group>
      )}
    />
  );
}

/** A name that counts when it is whole: on the way to it, it may be the name of something else. */
export function WholeNameInput({ value, onChange, ...input }: NameProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const settle = (text: string | null) => {
    setTyped(null);
    if (text !== null && text !== value) onChange(text);
  };
  return (
    <NameInput
      {...input}
      value={typed ?? value}
      onChange={setTyped}
      onChosen={settle}
      onBlur={() => settle(typed)}
      onKeyDown={(event) => {
        if (event.key === "Enter") settle(typed);
      }}
    />
  );
}

interface ValueProps {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  description?: string;
}

/** Any value: what reads as JSON is that, all else is a text; empty is nothing. */
export function ValueInput({ label, value, onChange, description = "A text, or JSON: 1.10, true, null" }: ValueProps) {
  const [last, setTyped] = useState("");
  // `1.` and `1.0` are on the way to `1.05`, and stand for what the mapping has.
  const typed = inline(meant(last)) === inline(value) ? last : written(value);
  return (
    <TextInput
      label={label}
      description={description}
      value={typed}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        onChange(meant(text));
      }}
    />
  );
}

/** A value that only JSON can say, such as the map of a lookup; it counts as soon as it is JSON. */
export function JsonInput({ label, value, onChange, description }: ValueProps) {
  const [last, setTyped] = useState("");
  const isOnTheWay = last !== "" && !isJson(last);
  const typed = isOnTheWay || inline(meant(last)) === inline(value) ? last : payloadText(inline(value));
  return (
    <Textarea
      label={label}
      description={description ?? "JSON"}
      autosize
      minRows={2}
      maxRows={10}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }}
      value={typed}
      error={typed === "" || isJson(typed) ? undefined : "This is no JSON yet: the mapping keeps what it has"}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        if (text === "") onChange(undefined);
        else if (isJson(text)) onChange(parsePayload(text));
      }}
    />
  );
}

function meant(text: string): unknown {
  return text === "" ? undefined : isJson(text) ? parsePayload(text) : text;
}

/** A value as `ValueInput` reads it again. */
function written(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" && value !== "" && !isJson(value) ? value : inline(value);
}

/** A part that the table cannot say: shown as it is, changed in the JSON. */
export function JsonOnly({ label, value }: { label: string; value: unknown }) {
  return (
    <Stack gap={2}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Text size="xs" c="dimmed">
        Only in the JSON; the table leaves it as it is.
      </Text>
      <code style={{ overflowWrap: "anywhere" }}>{inline(value)}</code>
    </Stack>
  );
}
