import { useSyncExternalStore } from "react";
import { serverNow } from "~/api/client";
import { Listeners } from "./listeners";

const listeners = new Listeners();
let now = serverNow();
let watching = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  now = serverNow();
  listeners.notify();
}

function subscribe(listener: () => void): () => void {
  const leave = listeners.subscribe(listener);
  if (watching++ === 0) {
    tick();
    timer = setInterval(tick, 1_000);
  }
  return () => {
    leave();
    if (--watching === 0) clearInterval(timer);
  };
}

/** The server's time, anew each second. One timer serves every age on the page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
