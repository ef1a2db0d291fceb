import { Group } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { ChoiceFilter } from "~/components/ChoiceFilter";
import { FilterPill } from "~/components/EmptyState";
import { lookOf, STAGE_WORDS } from "~/components/status";
import { TextFilter } from "~/components/TextFilter";
import { chipsOf, type SetView, type View } from "./filters";

const CATEGORIES = Object.fromEntries(
  ["transient", "permanent", "unknown"].map((category) => [category, lookOf("category", category).word]),
);
/** Filters that have a control of their own; the others are shown as chips. */
const CONTROLS = /^(stage|category|instance|entity type|error contains|source ID) /;

const TEXTS = [
  ["text", "Error contains", 190],
  ["sourceId", "Source ID", 130],
  ["instance", "Instance", 130],
  ["entityType", "Entity type", 110],
] as const;

interface Props {
  view: View;
  setView: SetView;
}

/** Filters of the queue: the server applies them, over everything. */
export function FilterBar({ view, setView }: Props) {
  const chips = chipsOf(view, setView).filter((chip) => !CONTROLS.test(chip.label));
  return (
    <Group gap={6} wrap="wrap">
      {TEXTS.map(([name, label, width]) => (
        <TextFilter
          key={name}
          label={label}
          value={view[name]}
          onApply={(text) => setView({ [name]: text })}
          icon={name === "text" && <IconSearch size={14} />}
          width={width}
          clearable
        />
      ))}
      <ChoiceFilter
        label="Any stage"
        name="Stage"
        width={120}
        value={view.stage}
        words={STAGE_WORDS}
        onChange={(stage) => setView({ stage })}
      />
      <ChoiceFilter
        label="Any category"
        name="Category"
        width={130}
        value={view.category}
        words={CATEGORIES}
        onChange={(category) => setView({ category })}
      />
      {chips.map((chip) => (
        <FilterPill key={chip.label} filter={chip} size="sm" />
      ))}
    </Group>
  );
}
