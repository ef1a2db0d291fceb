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

interface Props {
  view: View;
  setView: SetView;
}

/** Filters of the queue: the server applies them, over everything. */
export function FilterBar({ view, setView }: Props) {
  const chips = chipsOf(view, setView).filter((chip) => !CONTROLS.test(chip.label));
  return (
    <Group gap={6} wrap="wrap">
      <TextFilter
        label="Error contains"
        value={view.text}
        onApply={(text) => setView({ text })}
        icon={<IconSearch size={14} />}
        width={190}
        clearable
      />
      <TextFilter
        label="Source ID"
        value={view.sourceId}
        onApply={(sourceId) => setView({ sourceId })}
        width={130}
        clearable
      />
      <TextFilter
        label="Instance"
        value={view.instance}
        onApply={(instance) => setView({ instance })}
        width={130}
        clearable
      />
      <TextFilter
        label="Entity type"
        value={view.entityType}
        onApply={(entityType) => setView({ entityType })}
        width={110}
        clearable
      />
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
