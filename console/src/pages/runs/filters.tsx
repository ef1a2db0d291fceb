import { Group, Select } from "@mantine/core";
import { vocabularies } from "~/components/status";
import { TextFilter } from "~/components/TextFilter";
import { RUN_STATES } from "~/pages/search";
import type { SearchOf } from "~/state/url";

const TRIGGERS = ["api", "cli", "schedule", "topic", "replay"];
export const MODES: Record<string, string> = {
  incremental: "Incremental",
  reset_cursor: "Reset Cursor",
  force_full: "Force Full",
};
const RANGES = {
  all: "Any time",
  hour: "Last hour",
  day: "Last 24 hours",
  week: "Last 7 days",
  month: "Last 30 days",
} as const;
type Range = keyof typeof RANGES;
const HOURS: Record<Range, number | null> = { all: null, hour: 1, day: 24, week: 168, month: 720 };

export type View = SearchOf<"/signed-in/runs">;

/** The filter as the API takes it. `now` is rounded, so that the same filter stays the same list. */
export function queryOf(view: View, now: number) {
  const hours = HOURS[view.range];
  const minute = 60_000;
  return {
    ...(view.state !== "all" && { state: [...view.state] }),
    ...(view.id && { idPrefix: view.id }),
    ...(view.instance && { instance: view.instance }),
    ...(view.entity && { entityType: view.entity }),
    ...(view.trigger && { trigger: view.trigger }),
    ...(view.mode && { mode: view.mode as "incremental" }),
    ...(view.parent && { parent: view.parent }),
    ...(hours !== null && { since: new Date(Math.floor(now / minute) * minute - hours * 60 * minute).toISOString() }),
  };
}

type Set = (change: Partial<View>, options?: { replace?: boolean }) => void;

/** Each filter in words, with what removes it. */
export function named(view: View, set: Set): { label: string; remove: () => void }[] {
  const found: { label: string; remove: () => void }[] = [];
  const add = (label: string, change: Partial<View>) => found.push({ label, remove: () => set(change) });
  if (view.state !== "all") {
    const words = view.state.map((one) => (vocabularies.run as Record<string, { word: string }>)[one]?.word ?? one);
    add(`State: ${words.join(" or ")}`, { state: "all" });
  }
  if (view.id) add(`Correlation ID begins with ${view.id}`, { id: "" });
  if (view.instance) add(`Instance: ${view.instance}`, { instance: "" });
  if (view.entity) add(`Entity type: ${view.entity}`, { entity: "" });
  if (view.trigger) add(`Triggered by: ${view.trigger}`, { trigger: "" });
  if (view.mode) add(`Mode: ${MODES[view.mode] ?? view.mode}`, { mode: "" });
  if (view.parent) add(`Replays of ${view.parent}`, { parent: "" });
  if (view.range !== "all") add(RANGES[view.range], { range: "all" });
  return found;
}

export const NONE: Partial<View> = {
  state: "all",
  id: "",
  instance: "",
  entity: "",
  trigger: "",
  mode: "",
  parent: "",
  range: "all",
};

/** A choice that filters; empty is any. */
export function ChoiceFilter(props: {
  label: string;
  value: string;
  words: Record<string, string>;
  width?: number;
  onChange: (value: string) => void;
}) {
  return (
    <Select
      size="xs"
      w={props.width ?? 150}
      aria-label={props.label}
      placeholder={props.label}
      data={Object.entries(props.words).map(([value, label]) => ({ value, label }))}
      value={props.value || null}
      onChange={(value) => props.onChange(value ?? "")}
      clearable
    />
  );
}

/** The filters above the list of runs. */
export function Filters({ view, set, onOpen }: { view: View; set: Set; onOpen: (id: string) => void }) {
  const states = Object.fromEntries(
    RUN_STATES.map((one) => [one, (vocabularies.run as Record<string, { word: string }>)[one]?.word ?? one]),
  );
  const state = view.state === "all" ? "" : view.state.length === 1 ? (view.state[0] ?? "") : "";
  const applyId = (value: string) => {
    const plain = value.toLowerCase();
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(plain)) onOpen(plain);
    else set({ id: plain });
  };
  return (
    <Group gap={6}>
      <TextFilter label="Correlation ID or how it begins" width={205} value={view.id} onApply={applyId} />
      <ChoiceFilter
        label="Any state"
        width={130}
        value={state}
        words={states}
        onChange={(value) => set({ state: value ? [value as (typeof RUN_STATES)[number]] : "all" })}
      />
      <TextFilter label="Instance" width={130} value={view.instance} onApply={(instance) => set({ instance })} />
      <TextFilter label="Entity type" width={110} value={view.entity} onApply={(entity) => set({ entity })} />
      <ChoiceFilter
        label="Any trigger"
        width={115}
        value={view.trigger}
        words={Object.fromEntries(TRIGGERS.map((one) => [one, one]))}
        onChange={(trigger) => set({ trigger })}
      />
      <ChoiceFilter label="Any mode" width={130} value={view.mode} words={MODES} onChange={(mode) => set({ mode })} />
      <ChoiceFilter
        label="Any time"
        width={130}
        value={view.range === "all" ? "" : view.range}
        words={{ hour: RANGES.hour, day: RANGES.day, week: RANGES.week, month: RANGES.month }}
        onChange={(value) => set({ range: (value || "all") as Range })}
      />
    </Group>
  );
}
