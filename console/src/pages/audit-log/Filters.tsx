import { Button, Group, Select } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import { TextFilter } from "~/components/TextFilter";
import { Range } from "./Range";
import { actionWords, KINDS } from "./words";

export interface Filter {
  actor: string;
  action: string;
  object: string;
  range: string;
}

export const NO_FILTER: Filter = { actor: "", action: "", object: "", range: "" };

interface Props {
  filter: Filter;
  onChange: (change: Partial<Filter>) => void;
}

/** Which entries are shown: by whom, of what kind, of which object, since when. */
export function Filters({ filter, onChange }: Props) {
  const kinds = KINDS.includes(filter.action) || !filter.action ? KINDS : [...KINDS, filter.action];
  const any = Object.values(filter).some(Boolean);
  return (
    <Group gap="xs">
      <TextFilter
        size="sm"
        label="Filter by actor"
        placeholder="By whom"
        value={filter.actor}
        onApply={(actor) => onChange({ actor })}
      />
      <Select
        aria-label="Filter by action"
        w={160}
        searchable
        data={[{ value: "", label: "any action" }, ...kinds.map((kind) => ({ value: kind, label: actionWords(kind) }))]}
        value={filter.action}
        allowDeselect={false}
        onChange={(action) => onChange({ action: action ?? "" })}
      />
      <TextFilter
        size="sm"
        label="Filter by object"
        placeholder="Object"
        value={filter.object}
        onApply={(object) => onChange({ object })}
      />
      <Range value={filter.range} onChange={(range) => onChange({ range })} />
      {any && (
        <Button variant="subtle" leftSection={<IconFilterOff size={16} />} onClick={() => onChange(NO_FILTER)}>
          Clear
        </Button>
      )}
    </Group>
  );
}
