import { useEffect, useState } from "react";
import { queryClient } from "~/api/query";
import { isPaused, report, retire, subscribeHealth } from "./health";
import { liveSource, onListenAgain } from "./source";
import { advance, initialState, type LiveState, newest, type Reduce } from "./state";

/** After a tab was hidden so long, its own connection is closed until it is seen again. */
const HIDDEN_MS = 60_000;

/**
 * Follows a topic of `/api/v1/events` (`runs`, `run:<correlation ID>`, `dlq`, `pipeline`): a snapshot, then what
 * changes, over every break. All topics of all tabs share one connection.
 *
 * `topic` null follows nothing. Without `reduce` each message is the whole; a reducer must be the same function at
 * each render. After a break everything on the page is fetched again: a gap is never trusted.
 */
export function useLive<T>(topic: string | null, reduce: Reduce<T> = newest): LiveState<T> {
  const [state, setState] = useState<LiveState<T>>(initialState);
  useEffect(() => {
    setState(initialState());
    if (topic === null) return;
    return subscribe(topic, reduce, setState);
  }, [topic, reduce]);
  return state;
}

function subscribe<T>(topic: string, reduce: Reduce<T>, show: (state: LiveState<T>) => void): () => void {
  const me = Symbol(topic);
  let state = initialState<T>();
  let frame = 0;
  let stop: (() => void) | undefined;
  let hidden: ReturnType<typeof setTimeout> | undefined;

  const paint = () => {
    frame = 0;
    report(me, state.health, state.heardAt);
    if (!isPaused()) show(state);
  };
  const schedule = () => {
    // A hidden tab has no frames; it paints at once, which costs nothing there.
    if (document.hidden) paint();
    else frame ||= requestAnimationFrame(paint);
  };
  const start = () => {
    stop ??= liveSource().listen(topic, (signal) => {
      if (signal.kind === "open" && signal.again) void queryClient.invalidateQueries();
      if (signal.kind === "refused") void queryClient.invalidateQueries({ queryKey: ["session"] });
      state = advance(state, signal, reduce, Date.now());
      schedule();
    });
  };
  const onVisibility = () => {
    clearTimeout(hidden);
    if (!document.hidden) return start();
    hidden = setTimeout(() => {
      stop?.();
      stop = undefined;
    }, HIDDEN_MS);
  };

  report(me, state.health, 0);
  start();
  document.addEventListener("visibilitychange", onVisibility);
  const forgetAgain = onListenAgain(() => {
    if (!stop) return;
    stop();
    stop = undefined;
    start();
  });
  let held = isPaused();
  const forgetPause = subscribeHealth(() => {
    if (held && !isPaused()) show(state);
    held = isPaused();
  });
  return () => {
    stop?.();
    clearTimeout(hidden);
    cancelAnimationFrame(frame);
    forgetPause();
    forgetAgain();
    document.removeEventListener("visibilitychange", onVisibility);
    retire(me);
  };
}
