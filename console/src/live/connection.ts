import { createParser } from "eventsource-parser";
import type { Listener } from "./signals";

/** Nothing for so long, not even a comment, and the connection is taken for dead. */
export const SILENCE_MS = 45_000;

export function backoff(failures: number): number {
  return Math.min(10_000, 500 * 2 ** Math.min(failures, 6));
}

/** What one connection leaves to the next: the newest event's ID, and how long the server asks to wait. */
interface Position {
  lastId: string;
  retry: number | undefined;
}

/**
 * Follows a stream of server-sent events over every break, from where it was: `Last-Event-ID` is sent back.
 * Fetch instead of EventSource: that gives up on the first 503, and hides the server's comments, which alone
 * tell a quiet stream from a dead one.
 */
export function follow(url: string, listener: Listener): () => void {
  const stopped = new AbortController();
  void run(url, listener, stopped.signal);
  return () => stopped.abort();
}

async function run(url: string, listener: Listener, stopped: AbortSignal): Promise<void> {
  const position: Position = { lastId: "", retry: undefined };
  let failures = 0;
  let opened = false;
  while (!stopped.aborted) {
    position.retry = undefined;
    try {
      const outcome = await read(url, position, stopped, (signal) => {
        if (signal.kind !== "open") return listener(signal);
        failures = 0;
        listener({ kind: "open", again: opened });
        opened = true;
      });
      if (outcome === "over") return;
    } catch {
      // The network broke; the same as an answer that ended.
    }
    if (stopped.aborted) return;
    listener({ kind: "lost", since: Date.now() });
    await pause(position.retry ?? backoff(failures++));
  }
}

async function read(url: string, position: Position, stopped: AbortSignal, listener: Listener) {
  const silent = new AbortController();
  let alarm = setTimeout(() => silent.abort(), SILENCE_MS);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (position.lastId) headers["Last-Event-ID"] = position.lastId;
    const signal = AbortSignal.any([stopped, silent.signal]);
    const response = await fetch(url, { headers, signal, cache: "no-store" });
    if (!response.ok || !response.body) {
      if (response.status >= 500 || response.status === 429) return "broken";
      listener({ kind: "refused", status: response.status });
      return "over";
    }
    listener({ kind: "open", again: false });
    let ended = false;
    const parser = createParser({
      onEvent({ id, event = "message", data }) {
        if (ended) return;
        if (id !== undefined) position.lastId = id;
        listener({ kind: "message", event, data, id: position.lastId });
        ended = event === "end";
        if (ended) listener({ kind: "end" });
      },
      onComment: () => listener({ kind: "beat" }),
      onRetry: (ms) => {
        position.retry = ms;
      },
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    while (!ended) {
      const { done, value } = await reader.read();
      if (done) return "broken";
      clearTimeout(alarm);
      alarm = setTimeout(() => silent.abort(), SILENCE_MS);
      parser.feed(value);
    }
    return "over";
  } finally {
    clearTimeout(alarm);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
