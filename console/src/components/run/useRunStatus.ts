import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { api, serverNow } from "~/api/client";
import { FINAL_RUN_STATES } from "~/components/status";
import { newest } from "~/live/state";
import { type RunStatus, useRun } from "~/live/useRuns";
import { useNow } from "~/state/clock";
import { doneOf, meanRate, rateOf, type Sample, sampled, timeLeft } from "./progress";

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
    samples.current = sampled(samples.current, { at: serverNow(), done });
  }, [done]);
  if (run.finishedAt) return { perSecond: meanRate(run), leftMs: null };
  const perSecond = rateOf(samples.current, now);
  return { perSecond, leftMs: timeLeft(run, perSecond) };
}
