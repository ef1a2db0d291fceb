import type { Signal } from "./signals";

/** How fresh a live value is. `over`: the server said that nothing will come any more. */
export type Health = "connecting" | "live" | "reconnecting" | "refused" | "over";

export interface LiveState<T> {
  data: T | undefined;
  health: Health;
  /** When the server was last heard, by this machine's clock; 0: not yet. */
  heardAt: number;
  /** The answer's status when the stream was refused. */
  status: number;
}

/** Takes one message into what is known. Without one, each message is the whole, and an older one is dropped. */
export type Reduce<T> = (known: T | undefined, message: unknown, event: string) => T | undefined;

export function initialState<T>(): LiveState<T> {
  return { data: undefined, health: "connecting", heardAt: 0, status: 0 };
}

/** The newest whole wins; `seq` only rises, so what comes late or twice changes nothing. */
export function newest<T>(known: T | undefined, message: unknown): T | undefined {
  const old = seqOf(known);
  const seq = seqOf(message);
  return old !== undefined && seq !== undefined && seq <= old ? known : (message as T);
}

function seqOf(value: unknown): number | undefined {
  const seq = value !== null && typeof value === "object" && "seq" in value ? value.seq : undefined;
  return typeof seq === "number" ? seq : undefined;
}

export function advance<T>(state: LiveState<T>, signal: Signal, reduce: Reduce<T>, now: number): LiveState<T> {
  switch (signal.kind) {
    case "open":
    case "beat":
      return { ...state, health: "live", heardAt: now };
    case "lost":
      return { ...state, health: "reconnecting" };
    case "refused":
      return { ...state, health: "refused", status: signal.status };
    case "end":
      return { ...state, health: "over", heardAt: now };
    case "message":
      return { ...state, health: "live", heardAt: now, data: reduce(state.data, read(signal.data), signal.event) };
  }
}

function read(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
