import type { Schema } from "~/api/client";
import type { RunStatus } from "~/live/useRuns";

export type RunView = Schema<"RunView">;

/** A run of a list, as it stands now: counters never fall back to what was fetched earlier. */
export function updated<T extends RunView>(run: T, status: RunStatus | undefined): T {
  if (!status || status.total < run.total || status.inFlight > run.inFlight + (status.total - run.total)) return run;
  return {
    ...run,
    state: status.state,
    reason: status.reason,
    total: status.total,
    success: status.success,
    skipped: status.skipped,
    failed: status.failed,
    inFlight: status.inFlight,
    skipReasons: status.skipReasons,
    totalIsFinal: status.extracted,
    pausedBy: status.pausedBy,
    cancelRequestedBy: status.cancelRequestedBy,
    retryDueAt: status.waitingUntil,
    needsAttention: status.needsAttention,
    startedAt: status.startedAt ?? run.startedAt,
    finishedAt: status.finishedAt ?? run.finishedAt,
  };
}

/** Live runs that the list does not show yet: begun after its newest one, or not begun at all. */
export function unseen(rows: readonly RunView[], live: Iterable<RunStatus>): RunStatus[] {
  const shown = new Set(rows.map((row) => row.correlationId));
  const newest = rows[0] ? Date.parse(rows[0].createdAt) : 0;
  return [...live].filter(
    (run) =>
      !shown.has(run.correlationId) &&
      run.state !== "rejected" &&
      (!run.startedAt || Date.parse(run.startedAt) > newest),
  );
}
