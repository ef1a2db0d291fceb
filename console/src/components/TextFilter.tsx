import { CloseButton, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

interface Props {
  label: string;
  placeholder?: string;
  value: string;
  onApply: (value: string) => void;
  width?: number;
  icon?: ReactNode;
  clearable?: boolean;
}

/** A text that filters when Enter is pressed or the input is left, not at every letter. */
export function TextFilter(props: Props) {
  const { label, placeholder = label, value, onApply, width = 150, icon, clearable = false } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const apply = () => {
    if (draft !== null && draft.trim() !== value) onApply(draft.trim());
    setDraft(null);
  };
  return (
    <TextInput
      size="xs"
      w={width}
      aria-label={label}
      placeholder={placeholder}
      leftSection={icon}
      value={draft ?? value}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={apply}
      onKeyDown={(event) => event.key === "Enter" && apply()}
      rightSection={
        clearable && value && <CloseButton size={18} aria-label={`Clear ${label}`} onClick={() => onApply("")} />
      }
    />
  );
}
