import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";

interface Props {
  label: string;
  placeholder: string;
  value: string;
  onSearch: (words: string) => void;
  width: number;
}

/** Words that a list is searched for while they are typed; the server is asked when the typing pauses. */
export function SearchBox({ label, placeholder, value, onSearch, width }: Props) {
  const search = useDebouncedCallback(onSearch, 250);
  return (
    <TextInput
      key={value === "" ? "empty" : "set"}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={15} />}
      defaultValue={value}
      onChange={(event) => search(event.currentTarget.value)}
      w={width}
    />
  );
}
