import {
  Anchor,
  MultiSelect,
  type MultiSelectProps,
  type OptionsFilter,
  Select,
  type SelectProps,
  Text,
} from "@mantine/core";
import type { ReactNode } from "react";
import { type Kind, useSearched } from "./choices";

/** Hidden by no filter: the server has searched already. */
const asFound: OptionsFilter = ({ options }) => options;

interface PickProps<T> extends Omit<SelectProps, "data" | "value" | "onChange" | "filter" | "searchable"> {
  kind: Kind<T>;
  value?: string;
  /** `of`: what the API said of the choice; undefined when nothing is chosen. */
  onChange: (value: string, of: T | undefined) => void;
}

/** A choice of one out of any number: typing searches on the server. */
export function Pick<T>({ kind, value = "", onChange, description, error, ...rest }: PickProps<T>) {
  const found = useSearched(kind, [value]);
  // The input holds a label once something is chosen; what is searched for is its name.
  const search = (text: string) => found.setTyped(found.data.find((one) => one.label === text)?.value ?? text);
  return (
    <Select
      {...rest}
      {...shared(kind, found, description, error)}
      value={value || null}
      onChange={(name) => onChange(name ?? "", found.choices.find((one) => one.value === name)?.of)}
      onSearchChange={search}
    />
  );
}

interface PickManyProps<T> extends Omit<MultiSelectProps, "data" | "value" | "onChange" | "filter" | "searchable"> {
  kind: Kind<T>;
  value?: string[];
  onChange: (value: string[]) => void;
}

/** A choice of several out of any number. */
export function PickMany<T>({ kind, value = [], onChange, description, error, ...rest }: PickManyProps<T>) {
  const found = useSearched(kind, value);
  return (
    <MultiSelect
      {...rest}
      {...shared(kind, found, description, error)}
      value={value}
      onChange={onChange}
      onSearchChange={found.setTyped}
    />
  );
}

/** What both kinds of choice show of a search. */
function shared(
  { create }: { create: { label: string; to: string } },
  found: ReturnType<typeof useSearched>,
  description: ReactNode,
  error: ReactNode,
) {
  const more = (
    <>
      {description && <>{description}. </>}
      <Text span inherit>
        There are more than are shown: type to search
      </Text>
    </>
  );
  return {
    searchable: true,
    data: found.data,
    filter: asFound,
    description: found.more ? more : description,
    error: error ?? (found.error ? "The list could not be read" : undefined),
    nothingFoundMessage: found.loading ? (
      "Searching…"
    ) : (
      <>
        {found.search ? "None has such a name. " : "There is none yet. "}
        {/* In a tab of its own: what is typed in this form stays. */}
        <Anchor inherit href={create.to} target="_blank">
          {create.label}
        </Anchor>
      </>
    ),
  };
}
