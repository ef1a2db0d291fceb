/** What a run says about how it stands, as lists and as live events have it. */
export interface RunStanding {
  state: string;
  finishedAt: string | null;
  cancelRequestedBy: string | null;
  needsAttention: string | null;
  pausedBy: string | null;
  /** When the last of what waits is tried again: live events call it so, lists `retryDueAt`. */
  waitingUntil?: string | null;
  retryDueAt?: string | null;
}

/** The one state that every page shows of a run: its own, or what holds it at `now`. */
export function shownState(run: RunStanding, now: number): string {
  if (run.finishedAt || run.state === "rejected") return run.state;
  if (run.cancelRequestedBy) return "cancelling";
  if (run.needsAttention) return "needs_attention";
  if (run.pausedBy) return "paused";
  return isWaiting(run, now) ? "waiting" : run.state;
}

/** A time that is over is no wait: the records are on their way again. */
export function isWaiting(run: RunStanding, now: number): boolean {
  const until = run.waitingUntil ?? run.retryDueAt;
  return Boolean(until) && Date.parse(until ?? "") > now;
}
