import type { Schema } from "~/api/client";
import { lookOf, MODE_WORDS, type Tone } from "~/components/status";
import { capital, count, duration, plural } from "~/state/format";

export type RunEvent = Schema<"RunEvent">;
type RunView = Schema<"RunView">;
type Mapping = Schema<"MappingUsed"> | null;

/** What an event is called, and in which tone it stands. */
export function eventWords(event: RunEvent, run: Pick<RunView, "state">): [words: string, tone: Tone] {
  const { kind, stage, records } = event;
  const by = event.actor ? ` by ${event.actor}` : "";
  const some = plural(records ?? 0, "record");
  if (kind === "accepted") return [`Accepted${by}`, "idle"];
  if (kind === "started") return ["Reading of the source began", "busy"];
  if (kind === "read") return [`Source read: ${some}`, "busy"];
  if (kind === "waited") return [stage === "ingest" ? "Reading waited" : "Records waited", "warn"];
  if (kind === "retried")
    return [`${plural(records ?? 0, "attempt")} in ${capital(stage ?? "")} failed, tried again`, "warn"];
  if (kind === "failed") return [`${some} failed in ${capital(stage ?? "")}`, "bad"];
  if (kind === "paused") return [`Paused${by}`, "warn"];
  if (kind === "resumed") return [`Resumed${by}`, "busy"];
  if (kind === "cancel_requested") return [`Cancelled${by}`, "idle"];
  if (kind === "halted") return ["Writing stopped", "bad"];
  if (kind === "stalled") return ["Nothing moved any more", "bad"];
  const look = lookOf("run", run.state);
  return [`Ended: ${look.word}`, look.tone];
}

/** How an event is told: what of it is no word of its own. */
export function eventDetail({ kind, detail }: RunEvent): string | null {
  return kind === "accepted" && detail ? `triggered by ${detail}` : (detail ?? null);
}

/** One thing that differs between two runs. */
export interface Difference {
  name: string;
  before: string;
  now: string;
}

/** What differs between a run and the one before it; counts and length of runs that have ended alone. */
export function differences(
  before: { run: RunView; mapping: Mapping },
  now: { run: RunView; mapping: Mapping },
): Difference[] {
  const compared: [string, (one: typeof now) => string][] = [
    ["Mapping", ({ run, mapping }) => `${mapping?.name ?? "deleted"}, version ${run.mappingVersion}`],
    ["Source", ({ run }) => run.source ?? "deleted"],
    ["Target", ({ run }) => run.target ?? "deleted"],
    ["Mode", ({ run }) => MODE_WORDS[run.mode] ?? run.mode],
    ["Triggered by", ({ run }) => `${run.trigger} (${run.actor})`],
    ["Max entities", ({ run }) => (run.maxEntities ? count(run.maxEntities) : "all")],
    ["Batch size", ({ run }) => count(run.batchSize)],
  ];
  if (before.run.finishedAt && now.run.finishedAt) {
    compared.push(
      ["State", ({ run }) => lookOf("run", run.state).word],
      ["Records", ({ run }) => count(run.total)],
      ["Success", ({ run }) => count(run.success)],
      ["Skipped", ({ run }) => count(run.skipped)],
      ["Failed", ({ run }) => count(run.failed)],
      ["Duration", ({ run }) => (run.seconds === null ? "–" : duration(run.seconds * 1_000))],
    );
  }
  return compared
    .map(([name, say]) => ({ name, before: say(before), now: say(now) }))
    .filter((one) => one.before !== one.now);
}
