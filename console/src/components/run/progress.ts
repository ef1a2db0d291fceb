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

/** The share of the records a stage will have to do with that it has done: what is before it counts, and before others. */
export function shareOf(stage: Schema<"StageView">, report: Pick<Schema<"RunReport">, "run" | "stages">): number {
  const { run, stages } = report;
  if (stage.stage === "ingest") return run.total > 0 && (run.totalIsFinal || run.finishedAt) ? 1 : 0;
  const place = stages.findIndex((one) => one.stage === stage.stage);
  const placed = stages.reduce((sum, one) => sum + one.before + one.inside, 0);
  const nowhere = run.inFlight - placed; // of a replay: its records begin in any stage
  const coming = stages.slice(0, place).reduce((sum, one) => sum + one.before + one.inside, Math.max(0, nowhere));
  const expected = stage.entered + coming;
  return expected > 0 ? (stage.passed + stage.skipped + stage.failed) / expected : 0;
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
