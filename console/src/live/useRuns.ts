import { useMemo } from "react";
import type { Schema } from "~/api/client";
import { FINAL_RUN_STATES } from "~/components/status";
import { type LiveState, newest } from "./state";
import { useLive } from "./useLive";

/** A run as it stands. */
export type RunStatus = Schema<"RunStatus">;

/** Follows one run, also over its end; `data` is undefined until it is known. */
export function useRun(correlationId: string | null): LiveState<RunStatus> {
  const reduce = useMemo(() => {
    return (known: RunStatus | undefined, message: unknown, event: string) =>
      statusIn(known, message, event, correlationId ?? "");
  }, [correlationId]);
  return useLive(correlationId && `run:${correlationId}`, reduce);
}

/** The status of one run after a message: a snapshot holds many runs, an event one. */
export function statusIn(
  known: RunStatus | undefined,
  message: unknown,
  event: string,
  correlationId: string,
): RunStatus | undefined {
  if (event === "run") return newest(known, message);
  if (event !== "snapshot") return known;
  const runs = (message as { runs?: RunStatus[] }).runs ?? [];
  const found = runs.find((run) => run.correlationId === correlationId);
  return found ? newest(known, found) : known;
}

type Known = ReadonlyMap<string, RunStatus>;

/** Follows the runs that are active now, and those that end while the page is open: by correlation ID. */
export function useRuns() {
  return useLive<Known>("runs", reduceRuns);
}

/** The runs that are active now, the newest first; undefined until they are known. */
export function useActiveRuns(): RunStatus[] | undefined {
  const { data } = useRuns();
  const active = data && [...data.values()].filter((run) => !FINAL_RUN_STATES.includes(run.state));
  return active?.sort((one, other) => (one.correlationId < other.correlationId ? 1 : -1));
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
