import type { Schema } from "~/api/client";
import type { RunStatus } from "~/live/useRuns";
import { shownState } from "./state";

/** How many records had an outcome at a time. */
export interface Sample {
  at: number;
  done: number;
}

/** Over how long a rate is measured: long enough to be calm, short enough to follow. */
const WINDOW_MS = 8_000;

export function doneOf(run: Pick<RunStatus, "success" | "skipped" | "failed">): number {
  return run.success + run.skipped + run.failed;
}

/** Adds a sample and forgets those before the window, but for the one it begins with. */
export function sampled(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && (last.done > sample.done || last.at >= sample.at)) return [...samples];
  const next = [...samples, sample];
  const first = next.findIndex((one) => one.at >= sample.at - WINDOW_MS);
  return next.slice(Math.max(0, first - 1));
}

/** Records per second over the window, which moves on with each second; null until there are two samples. */
export function rateOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at - first.at < 500) return null;
  return ((last.done - first.done) * 1_000) / (last.at - first.at);
}

/** Mean rate from start to end, for a run that is over. */
export function meanRate(run: RunStatus): number | null {
  const [from, to] = [Date.parse(run.startedAt ?? ""), Date.parse(run.finishedAt ?? "")];
  return to > from ? (doneOf(run) * 1_000) / (to - from) : null;
}

/** Milliseconds until all records have an outcome; null while that cannot be told: nothing moves, or something holds the run. */
export function timeLeft(run: RunStatus, perSecond: number | null, now: number): number | null {
  if (!run.extracted || !perSecond || run.inFlight <= 0 || shownState(run, now) !== "in_progress") return null;
  return (run.inFlight / perSecond) * 1_000;
}

/** How far a stage is: records it has done, in which sense, and the share of those it will have to do with. */
export interface StageProgress {
  records: number;
  did: "read" | "through";
  share: number;
}

const NOTHING = { entered: 0, passed: 0, skipped: 0, failed: 0, success: 0 };

/**
 * What is certain of a stage now, from the newest report and what was counted since: whatever was written since then
 * went through every stage. In which stage others ended since, only the next report tells. Null: nothing is certain.
 */
export function stageProgress(
  name: string,
  report: Pick<Schema<"RunReport">, "run" | "stages"> | undefined,
  run: RunStatus,
): StageProgress | null {
  const stage = report?.stages.find((one) => one.stage === name);
  const isReplay = run.trigger === "replay"; // its records may begin in any stage
  if (isReplay && !stage) return null;
  if (name === "ingest" && !isReplay) {
    return { records: run.total, did: "read", share: run.total > 0 && (run.extracted || run.finishedAt) ? 1 : 0 };
  }
  const { entered, passed, skipped, failed } = stage ?? NOTHING;
  const counted = stage && report ? report.run : NOTHING;
  const through = passed + (isReplay ? 0 : Math.max(0, run.success - counted.success));
  const expected = entered + Math.max(0, run.total - doneOf(counted));
  const share = expected > 0 ? Math.min(1, (through + skipped + failed) / expected) : 0;
  return { records: through, did: "through", share };
}

const SKIPS: Record<string, string> = {
  unchanged: "unchanged",
  excluded: "excluded by the mapping",
  superseded: "superseded by a newer version",
  cancelled: "cancelled",
};

/** Why records were skipped, the most frequent first. */
export function skipReasons(run: RunStatus): { reason: string; words: string; records: number }[] {
  return Object.entries(run.skipReasons)
    .filter(([, records]) => records > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, records]) => ({ reason, words: SKIPS[reason] ?? reason.replace(/_/g, " "), records }));
}

/** What a screen reader is told: a new state, and every quarter of the way. */
export function milestone(run: RunStatus, state: string): string {
  const quarter = run.extracted && run.total > 0 ? Math.floor((doneOf(run) * 4) / run.total) * 25 : 0;
  return run.finishedAt ? state : `${state} ${quarter}`;
}
