import { Select } from "@mantine/core";

interface Props<T extends string> {
  /** What is shown while nothing is chosen: "Any state". */
  label: string;
  /** Its name for screen readers, where that is another. */
  name?: string;
  /** "" is any. */
  value: T | "";
  words: Record<T, string> | Record<string, string>;
  width?: number;
  searchable?: boolean;
  onChange: (value: T | "") => void;
}

/** A choice that filters a list. */
export function ChoiceFilter<T extends string>(props: Props<T>) {
  const { label, name = label, value, words, width = 150, searchable = false, onChange } = props;
  return (
    <Select
      size="xs"
      w={width}
      aria-label={name}
      placeholder={label}
      data={Object.entries(words).map(([value, label]) => ({ value, label }))}
      value={value || null}
      onChange={(value) => onChange((value ?? "") as T | "")}
      clearable
      searchable={searchable}
    />
  );
}
