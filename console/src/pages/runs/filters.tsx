import { Group } from "@mantine/core";
import { ChoiceFilter } from "~/components/ChoiceFilter";
import type { Chosen } from "~/components/list";
import { lookOf, MODE_WORDS } from "~/components/status";
import { TextFilter } from "~/components/TextFilter";
import { RUN_STATES } from "~/pages/search";
import type { SearchOf } from "~/state/url";

const TRIGGERS = ["api", "cli", "schedule", "topic", "replay"];
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
    state: view.state === "all" ? undefined : [...view.state],
    idPrefix: view.id,
    instance: view.instance,
    entityType: view.entity,
    trigger: view.trigger,
    mode: (view.mode || undefined) as "incremental" | undefined,
    parent: view.parent,
    since: hours === null ? "" : new Date(Math.floor(now / minute) * minute - hours * 60 * minute).toISOString(),
  };
}

type Set = (change: Partial<View>, options?: { replace?: boolean }) => void;

/** Each filter in words, with what the address says without it. */
export function named(view: View): Chosen<View>[] {
  const filter = (label: string, without: Partial<View>) => ({ label, without });
  return [
    view.state !== "all" && filter(`State: ${view.state.map(wordOf).join(" or ")}`, { state: "all" }),
    view.id && filter(`Correlation ID begins with ${view.id}`, { id: "" }),
    view.instance && filter(`Instance: ${view.instance}`, { instance: "" }),
    view.entity && filter(`Entity type: ${view.entity}`, { entity: "" }),
    view.trigger && filter(`Triggered by: ${view.trigger}`, { trigger: "" }),
    view.mode && filter(`Mode: ${MODE_WORDS[view.mode] ?? view.mode}`, { mode: "" }),
    view.parent && filter(`Replays of ${view.parent}`, { parent: "" }),
    view.range !== "all" && filter(RANGES[view.range], { range: "all" }),
  ].filter((one) => typeof one === "object");
}

const wordOf = (state: string) => lookOf("run", state).word;

/** The filters above the list of runs. */
export function Filters({ view, set, onOpen }: { view: View; set: Set; onOpen: (id: string) => void }) {
  const states = Object.fromEntries(RUN_STATES.map((one) => [one, wordOf(one)]));
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
      <ChoiceFilter
        label="Any mode"
        width={130}
        value={view.mode}
        words={MODE_WORDS}
        onChange={(mode) => set({ mode })}
      />
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
