import { Listeners } from "~/state/listeners";
import type { Health } from "./state";

/** What the chip in the header shows: the streams of this page, and whether the person holds them still. */
export interface PageHealth {
  streams: number;
  worst: Health;
  heardAt: number;
  paused: boolean;
}

const ORDER: readonly Health[] = ["over", "live", "connecting", "refused", "reconnecting"];
const streams = new Map<symbol, { health: Health; heardAt: number }>();
const listeners = new Listeners();
let page: PageHealth = { streams: 0, worst: "live", heardAt: 0, paused: false };

function publish(paused: boolean): void {
  const all = [...streams.values()];
  const worst = all.reduce<Health>((a, b) => (ORDER.indexOf(b.health) > ORDER.indexOf(a) ? b.health : a), "over");
  const heardAt = all.length ? Math.min(...all.map((stream) => stream.heardAt)) : 0;
  page = { streams: all.length, worst, heardAt, paused };
  listeners.notify();
}

export function report(stream: symbol, health: Health, heardAt: number): void {
  streams.set(stream, { health, heardAt });
  publish(page.paused);
}

export function retire(stream: symbol): void {
  streams.delete(stream);
  publish(page.paused);
}

export function togglePaused(): void {
  publish(!page.paused);
}

export function isPaused(): boolean {
  return page.paused;
}

export const subscribeHealth = listeners.subscribe;

export function usePageHealth(): PageHealth {
  return listeners.use(() => page);
}
