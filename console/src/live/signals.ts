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
