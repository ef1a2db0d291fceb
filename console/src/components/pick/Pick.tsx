import { MultiSelect, type MultiSelectProps, Select, type SelectProps, Text } from "@mantine/core";
import type { Choice, Kind } from "./choices";
import { useSearched } from "./choices";

/** Hidden by no filter: the server has searched already. */
const asFound = ({ options }: { options: never[] }) => options;

interface PickProps<T> extends Omit<SelectProps, "data" | "value" | "onChange" | "filter" | "searchable"> {
  kind: Kind<T>;
  value: string;
  /** `of`: what the API said of the choice; undefined when nothing is chosen. */
  onPick: (value: string, of: T | undefined) => void;
}

/** A choice of one out of any number: typing searches on the server. */
export function Pick<T>({ kind, value, onPick, description, error, ...rest }: PickProps<T>) {
  const found = useSearched(kind, [value]);
  return (
    <Select
      {...rest}
      searchable
      data={found.data}
      value={value || null}
      onChange={(name) => onPick(name ?? "", of(found.choices, name))}
      onSearchChange={(text) => found.setTyped(nameOf(found.data, text))}
      filter={asFound as never}
      description={hint(description, found.more)}
      error={error ?? (found.error ? "The list could not be read" : undefined)}
      nothingFoundMessage={found.loading ? "Searching…" : "None has such a name"}
    />
  );
}

interface PickManyProps<T> extends Omit<MultiSelectProps, "data" | "value" | "onChange" | "filter" | "searchable"> {
  kind: Kind<T>;
  value: string[];
  onPick: (value: string[]) => void;
}

/** A choice of several out of any number. */
export function PickMany<T>({ kind, value, onPick, description, error, ...rest }: PickManyProps<T>) {
  const found = useSearched(kind, value);
  return (
    <MultiSelect
      {...rest}
      searchable
      data={found.data}
      value={value}
      onChange={onPick}
      onSearchChange={found.setTyped}
      filter={asFound as never}
      description={hint(description, found.more)}
      error={error ?? (found.error ? "The list could not be read" : undefined)}
      nothingFoundMessage={found.loading ? "Searching…" : "None has such a name"}
    />
  );
}

function of<T>(choices: Choice<T>[], name: string | null): T | undefined {
  return choices.find((one) => one.value === name)?.of;
}

/** The input holds a label once something is chosen; what is searched for is its name. */
function nameOf(data: { value: string; label: string }[], text: string): string {
  return data.find((one) => one.label === text)?.value ?? text;
}

function hint(description: SelectProps["description"], more: boolean) {
  if (!more) return description;
  return (
    <>
      {description && <>{description}. </>}
      <Text span inherit>
        There are more than are shown: type to search
      </Text>
    </>
  );
}
