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
import { useLacking } from "~/api/session";
import { links } from "~/app/links";
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
  const choose = (name: string | null) =>
    name === CREATE ? openNew(kind) : onChange(name ?? "", found.choices.find((one) => one.value === name)?.of);
  return (
    <Select
      {...rest}
      {...useShown(kind, found, description, error)}
      value={value || null}
      onChange={choose}
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
      {...useShown(kind, found, description, error)}
      value={value}
      onChange={(names) => (names.includes(CREATE) ? openNew(kind) : onChange(names))}
      onSearchChange={found.setTyped}
    />
  );
}

/** Stands among the choices for making a new one; no name begins with a plus. */
const CREATE = "+new";

/** In a tab of its own: what is typed in this form stays. Back here, the list is read again. */
function openNew({ create }: { create: { to: string } }): void {
  window.open(create.to, "_blank", "noopener");
}

/** What both kinds of choice show of a search: what was found, and making what is missing. */
function useShown(
  { create }: { create: { label: string } },
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
  const none = found.search ? "None has such a name" : "There is none yet";
  const make = { group: found.data.length ? "" : none, items: [{ value: CREATE, label: `${create.label}…` }] };
  const offer = useLacking("configure") || found.loading ? [] : [make];
  return {
    searchable: true,
    data: [...found.data, ...offer],
    filter: asFound,
    description: found.more ? more : description,
    error: error ?? (found.error ? "The list could not be read" : undefined),
    nothingFoundMessage: found.loading ? "Searching…" : none,
  };
}

/** Instead of the entity types of an instance that has none. */
export function NoMapping({ instance }: { instance: string }) {
  return (
    <>
      This instance has no mapping.{" "}
      <Anchor inherit href={links.instance(instance)} target="_blank">
        Choose one
      </Anchor>
    </>
  );
}
