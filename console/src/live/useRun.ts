import { useMemo } from "react";
import type { Schema } from "~/api/client";
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
