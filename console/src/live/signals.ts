/** One server-sent event; `id` is that of the newest event that had one. */
export interface Message {
  kind: "message";
  event: string;
  data: string;
  id: string;
}

/** What a stream tells its readers. `beat`: a comment, which only says that the server is there. `refused`: it will not be tried again. */
export type Signal =
  | Message
  | { kind: "beat" }
  | { kind: "open"; again: boolean }
  | { kind: "lost"; since: number }
  | { kind: "refused"; status: number }
  | { kind: "end" };

export type Listener = (signal: Signal) => void;

/** Which topics an event of `/api/v1/events` is about. */
export function topicsOf(message: Message): string[] | "all" {
  if (message.event === "snapshot" || message.event === "end") return "all";
  if (message.event !== "run") return [message.event];
  const id = /"correlationId":"([0-9a-f-]{36})"/.exec(message.data)?.[1];
  return id ? ["runs", `run:${id}`] : ["runs"];
}

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
