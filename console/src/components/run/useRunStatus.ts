import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { api, serverNow } from "~/api/client";
import { FINAL_RUN_STATES } from "~/components/status";
import { newest } from "~/live/state";
import { usePipeline } from "~/live/usePipeline";
import { type RunStatus, useRun } from "~/live/useRuns";
import { useNow } from "~/state/clock";
import { doneOf, meanRate, rateOf, type Sample, sampled, timeLeft } from "./progress";
import { shownState } from "./state";

const POLL_MS = 2_000;

export interface FollowedRun {
  run: RunStatus | undefined;
  /** Set when there is no such run, or it cannot be asked for. */
  error: unknown;
  retry: () => void;
  ended: boolean;
  /** What is shown may be old: the stream is broken and nothing was fetched since. */
  stale: boolean;
}

/** A run as it stands, live; asked for by polling while the stream is away. `first` is what is known already. */
export function useRunStatus(correlationId: string, first?: RunStatus): FollowedRun {
  const live = useRun(correlationId);
  const isLive = live.health === "live";
  const query = useQuery({
    queryKey: ["sync-event", correlationId],
    queryFn: () => api.get("/api/v1/sync-events/{correlation_id}", { path: { correlation_id: correlationId } }),
    placeholderData: undefined,
    enabled: first === undefined || !isLive,
    refetchInterval: (state) => (isLive || isOver(state.state.data) ? false : POLL_MS),
  });
  const known = [first, query.data, live.data].filter((one) => one !== undefined);
  const run = known.reduce<RunStatus | undefined>((old, one) => newest(old, one), undefined);
  return {
    run,
    error: run ? null : query.error,
    retry: () => void query.refetch(),
    ended: isOver(run),
    stale: !isLive && live.health !== "connecting" && query.isError,
  };
}

function isOver(run: RunStatus | undefined): boolean {
  return run !== undefined && FINAL_RUN_STATES.includes(run.state);
}

/** How fast a run goes and how long it will take. */
export function usePace(run: RunStatus): { perSecond: number | null; leftMs: number | null } {
  const now = useNow();
  const samples = useRef<Sample[]>([]);
  const done = doneOf(run);
  useMemo(() => {
    samples.current = sampled(samples.current, { at: Math.max(now, serverNow()), done });
  }, [done, now]);
  if (run.finishedAt) return { perSecond: meanRate(run), leftMs: null };
  const perSecond = rateOf(samples.current);
  return { perSecond, leftMs: timeLeft(run, perSecond, now) };
}

/** From which on the page says that a run was not heard of: an active one says something each few seconds. */
const SILENT_MS = 10_000;

/** For how long nothing was heard of a run that should move; null while that is not remarkable. */
export function useSilence(run: RunStatus): number | null {
  const now = useNow();
  const heard = useRef({ seq: run.seq, at: serverNow() });
  if (heard.current.seq !== run.seq) heard.current = { seq: run.seq, at: serverNow() };
  const moves = MOVING.includes(shownState(run, now));
  const silence = now - heard.current.at;
  return moves && silence >= SILENT_MS ? silence : null;
}

const MOVING = ["extracting", "in_progress", "cancelling"];

/** Names of the services that a run needs now and that no process runs. */
export function useAbsentWorkers(run: RunStatus): string[] {
  const { figures, old } = usePipeline();
  if (!figures || old || run.finishedAt) return [];
  const needed = ["normalize", "transform", "execute", "finalize"];
  if (run.state === "queued") needed.unshift("trigger", "ingest");
  else if (!run.extracted) needed.unshift("ingest");
  if (run.waitingUntil) needed.push("retry");
  return needed.filter((name) => figures.services.some((one) => one.service === name && one.workers.length === 0));
}
