import { CloseButton, Group, Pill, Select } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { lookOf } from "~/components/status";
import { TextFilter } from "~/components/TextFilter";
import { chipsOf, type SetView, type View } from "./filters";

const STAGES = ["ingest", "normalize", "transform", "execute"];
const CATEGORIES = ["transient", "permanent", "unknown"];
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
      <Select
        size="xs"
        w={120}
        aria-label="Stage"
        placeholder="Any stage"
        clearable
        data={STAGES.map((stage) => ({ value: stage, label: stage.replace(/^./, (first) => first.toUpperCase()) }))}
        value={view.stage || null}
        onChange={(stage) => setView({ stage: stage ?? "" })}
      />
      <Select
        size="xs"
        w={130}
        aria-label="Category"
        placeholder="Any category"
        clearable
        data={CATEGORIES.map((category) => ({ value: category, label: lookOf("category", category).word }))}
        value={view.category || null}
        onChange={(category) => setView({ category: category ?? "" })}
      />
      {chips.map((chip) => (
        <Pill key={chip.label} size="sm">
          <Group gap={2} wrap="nowrap">
            {chip.label}
            <CloseButton size={18} onClick={chip.remove} aria-label={`Remove filter ${chip.label}`} />
          </Group>
        </Pill>
      ))}
    </Group>
  );
}
