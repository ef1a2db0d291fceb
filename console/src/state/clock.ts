import { useSyncExternalStore } from "react";
import { serverNow } from "~/api/client";

const listeners = new Set<() => void>();
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  now = serverNow();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!timer) {
    tick();
    timer = setInterval(tick, 1_000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function read(): number {
  if (!now) now = serverNow();
  return now;
}

/** The server's time, anew each second. One timer serves every age on the page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, read);
}
