import type { Signal } from "./signals";

/** What a tab says to the shared worker. */
export type FromTab =
  | { kind: "follow"; topic: string }
  | { kind: "leave"; topic: string }
  | { kind: "here"; topics: string[] }
  | { kind: "bye" };

/** What the shared worker says to a tab. */
export interface ToTab {
  topic: string;
  signal: Signal;
}

/** Timers of a hidden tab may run but once a minute. */
export const TAB_GONE_MS = 150_000;
export const HERE_EVERY_MS = 20_000;
