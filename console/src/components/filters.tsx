import { Group, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { ChoiceFilter } from "./ChoiceFilter";
import type { Filter } from "./EmptyState";
import { TextFilter } from "./TextFilter";

/** A filter of a list: its control above the list, and what it says where nothing matches. */
interface FilterOptions {
  /** What the control shows while nothing is chosen: "Any state". Without it there is no control. */
  label?: string;
  /** The control's name for screen readers, where that is another. */
  name?: string;
  width?: number;
  /** The values to choose from, in words; without them the filter is a text. */
  words?: Record<string, string>;
  searchable?: boolean;
  /** A text that filters while it is typed, not when Enter is pressed. */
  search?: boolean;
  /** Does something else with a text than to filter by it. */
  onApply?: (value: string) => void;
  says: (value: string) => string;
}

/** The filters of a list: their controls, and those that are set. */
export interface Filters {
  controls: ReactNode;
  chosen: Filter[];
  clear: () => void;
}

/** Make the filters of a page from its address; each has the name that its value has there. */
export function filtersOf<V extends object>(
  view: V,
  set: (change: Partial<V>, options?: { replace?: boolean }) => void,
  filters: { [K in keyof V]?: FilterOptions },
): Filters {
  const all = Object.entries<FilterOptions>(filters as Record<string, FilterOptions>).map(([name, options]) => {
    const value = String(view[name as keyof V] ?? "");
    // The page's address knows what stands for no filter: it leaves "" out.
    const change = (next: string) => set({ [name]: next } as Partial<V>, { replace: options.search });
    return { name, options, value: value === "all" ? "" : value, change };
  });
  const chosen = all.filter((one) => one.value !== "");
  return {
    controls: (
      <Group gap="xs">
        {all.map(
          ({ name, options, value, change }) =>
            options.label && (
              <Control
                key={name}
                {...options}
                label={options.label}
                value={value}
                onApply={options.onApply ?? change}
              />
            ),
        )}
      </Group>
    ),
    chosen: chosen.map(({ options, value, change }) => ({ label: options.says(value), remove: () => change("") })),
    clear: () => set(Object.fromEntries(chosen.map((one) => [one.name, ""])) as Partial<V>),
  };
}

interface ControlProps extends Omit<FilterOptions, "says"> {
  label: string;
  value: string;
  onApply: (value: string) => void;
}

function Control({ label, name, words, search, value, onApply, width, searchable }: ControlProps) {
  if (words) return <ChoiceFilter {...{ label, name, value, words, width, searchable }} onChange={onApply} />;
  if (search) return <SearchBox {...{ label, name, value, onApply, width }} />;
  return <TextFilter label={name ?? label} placeholder={label} {...{ value, onApply, width }} />;
}

/** Words that a list is searched for while they are typed; the server is asked when the typing pauses. */
function SearchBox({ label, name = label, value, onApply, width = 240 }: ControlProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const search = useDebouncedCallback((words: string) => {
    onApply(words.trim());
    setTyped(null);
  }, 250);
  return (
    <TextInput
      size="xs"
      w={width}
      type="search"
      aria-label={name}
      placeholder={label}
      leftSection={<IconSearch size={15} />}
      value={typed ?? value}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
    />
  );
}
