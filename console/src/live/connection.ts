import { type Frame, FrameParser } from "./parser";

/** What a stream tells its readers. `refused`: it will not be tried again. */
export type Signal =
  | Frame
  | { kind: "open"; again: boolean }
  | { kind: "lost"; since: number }
  | { kind: "refused"; status: number }
  | { kind: "end" };

/** Nothing for so long, not even a comment, and the connection is taken for dead. */
const SILENCE_MS = 45_000;

export function backoff(failures: number): number {
  return Math.min(10_000, 500 * 2 ** Math.min(failures, 6));
}

/**
 * Follows a stream of server-sent events over every break, from where it was: `Last-Event-ID` is sent back.
 * Fetch instead of EventSource: that gives up on the first 503, and hides the server's comments, which alone
 * tell a quiet stream from a dead one.
 */
export function follow(url: string, tell: (signal: Signal) => void): () => void {
  const stopped = new AbortController();
  void run(url, tell, stopped.signal);
  return () => stopped.abort();
}

async function run(url: string, tell: (signal: Signal) => void, stopped: AbortSignal): Promise<void> {
  let lastId = "";
  let failures = 0;
  let opened = false;
  while (!stopped.aborted) {
    const parser = new FrameParser();
    parser.lastId = lastId;
    try {
      const outcome = await read(url, parser, stopped, (signal) => {
        if (signal.kind === "open") failures = 0;
        tell(signal.kind === "open" ? { kind: "open", again: opened } : signal);
        if (signal.kind === "open") opened = true;
      });
      if (outcome !== "broken") return;
    } catch {
      // The network broke; the same as an answer that ended.
    }
    if (stopped.aborted) return;
    lastId = parser.lastId;
    tell({ kind: "lost", since: Date.now() });
    await pause(parser.retry ?? backoff(failures++), stopped);
  }
}

async function read(
  url: string,
  parser: FrameParser,
  stopped: AbortSignal,
  tell: (signal: Signal) => void,
): Promise<"broken" | "over"> {
  const silent = new AbortController();
  let alarm = setTimeout(() => silent.abort(), SILENCE_MS);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (parser.lastId) headers["Last-Event-ID"] = parser.lastId;
    const signal = AbortSignal.any([stopped, silent.signal]);
    const response = await fetch(url, { headers, signal, cache: "no-store" });
    if (!response.ok || !response.body) {
      if (response.status >= 500 || response.status === 429) return "broken";
      tell({ kind: "refused", status: response.status });
      return "over";
    }
    tell({ kind: "open", again: false });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "broken";
      clearTimeout(alarm);
      alarm = setTimeout(() => silent.abort(), SILENCE_MS);
      for (const frame of parser.feed(value)) {
        tell(frame);
        if (frame.kind === "message" && frame.event === "end") {
          tell({ kind: "end" });
          return "over";
        }
      }
    }
  } finally {
    clearTimeout(alarm);
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
