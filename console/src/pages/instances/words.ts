import type { Schema } from "~/api/client";
import { FINAL_RUN_STATES, lookOf } from "~/components/status";
import type { RunView } from "~/pages/runs/live";
import { count, duration, plural, relative } from "~/state/format";

const HIGHEST = 48;
const LOWEST = 4;

type Bar = Pick<
  RunView,
  "state" | "trigger" | "createdAt" | "startedAt" | "finishedAt" | "total" | "failed" | "pausedBy"
>;

/** Seconds that a run took, or has taken so far. */
export function secondsOf({ startedAt, finishedAt }: Pick<Bar, "startedAt" | "finishedAt">, now: number): number {
  if (!startedAt) return 0;
  return Math.max(0, (finishedAt ? Date.parse(finishedAt) : now) - Date.parse(startedAt)) / 1_000;
}

/** Pixels of a bar. By the root: one run of an hour must not make a line of those of minutes. */
export function barHeight(seconds: number, longest: number): number {
  return longest > 0 ? Math.max(LOWEST, Math.round(Math.sqrt(seconds / longest) * HIGHEST)) : LOWEST;
}

/** A run in one line: "Failed 3 min ago by schedule: took 12.0 s, 20 records, 3 failed". */
export function barWords(run: Bar, now: number): string {
  const ended = run.finishedAt !== null;
  const took = run.startedAt ? `${ended ? "took" : "for"} ${duration(secondsOf(run, now) * 1_000)}, ` : "";
  const failed = run.failed > 0 ? `, ${count(run.failed)} failed` : "";
  const when = relative(Date.parse(run.finishedAt ?? run.createdAt), now);
  return `${lookOf("run", run.state).word} ${when}, by ${run.trigger}: ${took}${plural(run.total, "record")}${failed}`;
}

/** Runs summed up: "30 runs: 27 Succeeded, 3 Failed; the middle one took 12.0 s." */
export function runsInWords(runs: readonly Bar[], now: number): string {
  const states = new Map<string, number>();
  for (const { state } of runs) states.set(state, (states.get(state) ?? 0) + 1);
  const parts = [...states].sort((a, b) => b[1] - a[1]).map(([state, n]) => `${count(n)} ${lookOf("run", state).word}`);
  const took = runs
    .filter((run) => FINAL_RUN_STATES.includes(run.state) && run.startedAt)
    .map((run) => secondsOf(run, now))
    .sort((a, b) => a - b);
  const middle = took[Math.floor((took.length - 1) / 2)];
  const length = middle === undefined || took.length < 3 ? "" : `; half took ${duration(middle * 1_000)} or less`;
  return `${plural(runs.length, "run")}: ${parts.join(", ")}${length}.`;
}

/** "3 dead letters", "20 records on their way", "2 that a hook told of". */
export function unsyncedWords({ kind, records }: Schema<"UnsyncedRecords">): string {
  if (kind === "dead_letter") return plural(records, "dead letter");
  if (kind === "in_flight") return `${plural(records, "record")} on the way`;
  return `${plural(records, "record")} that a hook told of`;
}
