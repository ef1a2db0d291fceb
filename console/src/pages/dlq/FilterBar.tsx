import { CloseButton, Group, Pill, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { lookOf } from "~/components/status";
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
      <Words label="Error contains" value={view.text} onSet={(text) => setView({ text })} icon width={190} />
      <Words label="Source ID" value={view.sourceId} onSet={(sourceId) => setView({ sourceId })} width={130} />
      <Words label="Instance" value={view.instance} onSet={(instance) => setView({ instance })} width={130} />
      <Words label="Entity type" value={view.entityType} onSet={(entityType) => setView({ entityType })} width={110} />
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

interface WordsProps {
  label: string;
  value: string;
  onSet: (value: string) => void;
  icon?: boolean;
  width: number;
}

/** A filter by text: it is applied with Enter or when it is left, not with every letter. */
function Words({ label, value, onSet, icon, width }: WordsProps): ReactNode {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const set = () => text.trim() !== value && onSet(text.trim());
  return (
    <TextInput
      size="xs"
      w={width}
      aria-label={label}
      placeholder={label}
      leftSection={icon ? <IconSearch size={14} /> : undefined}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={set}
      onKeyDown={(event) => event.key === "Enter" && set()}
      rightSection={value && <CloseButton size={18} aria-label={`Clear ${label}`} onClick={() => onSet("")} />}
    />
  );
}
