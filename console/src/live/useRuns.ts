import { useLive } from "./useLive";
import { type RunStatus, statusIn } from "./useRun";

type Known = ReadonlyMap<string, RunStatus>;

/** Follows the runs that are active now, and those that end while the page is open: by correlation ID. */
export function useRuns() {
  return useLive<Known>("runs", reduceRuns);
}

/** A snapshot tells which runs are active; one that is not in it any more has ended, and is dropped. */
export function reduceRuns(known: Known | undefined, message: unknown, event: string): Known | undefined {
  if (event === "snapshot") {
    const runs = (message as { runs?: RunStatus[] }).runs ?? [];
    return new Map(
      runs.map((run) => [run.correlationId, statusIn(known?.get(run.correlationId), run, "run", "") ?? run]),
    );
  }
  if (event !== "run") return known;
  const run = message as RunStatus;
  return new Map(known).set(run.correlationId, statusIn(known?.get(run.correlationId), run, event, "") ?? run);
}
