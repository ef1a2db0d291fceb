import { filtersOf } from "~/components/filters";
import { entityTypes, instanceNames } from "~/components/pick/choices";
import { lookOf, MODE_WORDS } from "~/components/status";
import { RUN_STATES } from "~/pages/search";
import type { SearchOf, useUrlState } from "~/state/url";

const TRIGGERS = ["console", "api", "cli", "schedule", "hook", "topic", "replay", "chain"];
const RANGES = {
  hour: "Last hour",
  day: "Last 24 hours",
  week: "Last 7 days",
  month: "Last 30 days",
} as const;
const HOURS = { all: null, hour: 1, day: 24, week: 168, month: 720 };

export type View = SearchOf<"/signed-in/runs">;
type SetView = ReturnType<typeof useUrlState<"/signed-in/runs">>[1];

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

const wordOf = (state: string) => lookOf("run", state).word;

/** The filters above the list of runs; a whole correlation ID opens its run. */
export function runFilters(view: View, set: SetView, onOpen: (id: string) => void) {
  const applyId = (value: string) => {
    const plain = value.toLowerCase();
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(plain)) onOpen(plain);
    else set({ id: plain });
  };
  return filtersOf(view, set, {
    id: {
      label: "Correlation ID or how it begins",
      width: 205,
      onApply: applyId,
      says: (one) => `Correlation ID begins with ${one}`,
    },
    state: {
      label: "Any state",
      width: 130,
      words: Object.fromEntries(RUN_STATES.map((one) => [one, wordOf(one)])),
      says: (one) => `State: ${one.split(",").map(wordOf).join(" or ")}`,
    },
    instance: { label: "Instance", width: 130, suggest: instanceNames, says: (one) => `Instance: ${one}` },
    entity: { label: "Entity type", width: 110, suggest: entityTypes, says: (one) => `Entity type: ${one}` },
    trigger: {
      label: "Any trigger",
      width: 115,
      words: Object.fromEntries(TRIGGERS.map((one) => [one, one])),
      says: (one) => `Triggered by: ${one}`,
    },
    mode: { label: "Any mode", width: 130, words: MODE_WORDS, says: (one) => `Mode: ${MODE_WORDS[one] ?? one}` },
    parent: { says: (one) => `Replays of ${one}` },
    range: { label: "Any time", width: 130, words: RANGES, says: (one) => RANGES[one as keyof typeof RANGES] },
  });
}
