import { Autocomplete, CloseButton, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { type Filter, FilterPill } from "./EmptyState";
import { type Kind, useSearched } from "./pick/choices";

/** A filter of a list: its control above the list, and what it says in words. */
interface FilterOptions {
  /** What the control shows while nothing is chosen: "Any state". Without a control, a filter that is set is a pill. */
  label?: string;
  /** The control's name for screen readers, where that is another. */
  name?: string;
  width?: number;
  /** The values to choose from, in words; without them the filter is a text. */
  words?: Record<string, string>;
  searchable?: boolean;
  /** What is offered while a text is typed; any other text can be typed, too. */
  suggest?: Kind<string>;
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
    const pill = { label: options.says(value), remove: () => change("") };
    return { name, options, value: value === "all" ? "" : value, change, pill };
  });
  const chosen = all.filter((one) => one.value !== "");
  return {
    controls: (
      <Group gap="xs">
        {all.map(({ name, options, value, change }) =>
          options.label ? (
            <Control key={name} onApply={change} {...options} label={options.label} value={value} />
          ) : null,
        )}
        {chosen.map(({ name, options, pill }) =>
          options.label ? null : <FilterPill key={name} filter={pill} size="sm" />,
        )}
      </Group>
    ),
    chosen: chosen.map((one) => one.pill),
    clear: () => set(Object.fromEntries(chosen.map((one) => [one.name, ""])) as Partial<V>),
  };
}

interface ControlProps extends Omit<FilterOptions, "says"> {
  label: string;
  value: string;
  onApply: (value: string) => void;
}

function Control(props: ControlProps) {
  const { label, name = label, words, search, value, onApply, width = 150, searchable = false } = props;
  if (search) return <SearchBox {...props} />;
  if (props.suggest) return <SuggestFilter {...props} suggest={props.suggest} />;
  if (!words) return <TextFilter {...props} />;
  return (
    <Select
      size="xs"
      w={width}
      aria-label={name}
      placeholder={label}
      data={Object.entries(words).map(([value, label]) => ({ value, label }))}
      value={value || null}
      onChange={(value) => onApply(value ?? "")}
      clearable
      searchable={searchable}
    />
  );
}

/** What is typed and does not filter yet; null where that is `value` itself. */
function useTyped(value: string, onApply: (value: string) => void) {
  const [draft, setDraft] = useState<string | null>(null);
  const apply = (text: string | null) => {
    if (text !== null && text.trim() !== value) onApply(text.trim());
    setDraft(null);
  };
  return { draft, setDraft, apply };
}

/** A text that filters when Enter is pressed or the input is left, not at every letter. */
function TextFilter({ label, name = label, value, onApply, width = 150 }: ControlProps) {
  const { draft, setDraft, apply } = useTyped(value, onApply);
  return (
    <TextInput
      size="xs"
      w={width}
      aria-label={name}
      placeholder={label}
      value={draft ?? value}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={() => apply(draft)}
      onKeyDown={(event) => event.key === "Enter" && apply(draft)}
      rightSection={value && <CloseButton size={18} aria-label={`Clear ${name}`} onClick={() => onApply("")} />}
    />
  );
}

/** The same, with names that the server knows to choose from. */
function SuggestFilter({
  label,
  name = label,
  value,
  onApply,
  suggest,
  width = 150,
}: ControlProps & { suggest: Kind<string> }) {
  const { draft, setDraft, apply } = useTyped(value, onApply);
  const { choices, setTyped } = useSearched(suggest, []);
  return (
    <Autocomplete
      size="xs"
      w={width}
      aria-label={name}
      placeholder={label}
      value={draft ?? value}
      data={[...new Set(choices.map((one) => one.value))]}
      filter={({ options }) => options}
      comboboxProps={{ keepMounted: false, width: "max-content" }}
      onChange={(text) => {
        setDraft(text);
        setTyped(text);
      }}
      onOptionSubmit={apply}
      onBlur={() => apply(draft)}
      onKeyDown={(event) => event.key === "Enter" && apply(draft)}
      clearable
      clearButtonProps={{ "aria-label": `Clear ${name}` }}
      onClear={() => apply("")}
    />
  );
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
