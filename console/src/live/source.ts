import { Hub } from "./hub";
import { type FromTab, HERE_EVERY_MS, type Listener, type ToTab } from "./signals";

/** Where this tab hears live data: the browser's shared worker, or, without one, connections of its own. */
export interface Source {
  listen: (topic: string, listener: Listener) => () => void;
}

const restarts = new EventTarget();

/** Has everything that is followed asked for anew: after a sign-in, when what was refused would be let in. */
export function listenAgain(): void {
  restarts.dispatchEvent(new Event("restart"));
}

/** Calls back at each `listenAgain`; returns what ends that. */
export function onListenAgain(call: () => void): () => void {
  restarts.addEventListener("restart", call);
  return () => restarts.removeEventListener("restart", call);
}

/** A tab's side of the shared worker. */
export class SharedSource implements Source {
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly port: Pick<MessagePort, "postMessage" | "onmessage" | "start">) {
    port.onmessage = (message: MessageEvent<ToTab>) => {
      for (const listener of this.listeners.get(message.data.topic) ?? []) listener(message.data.signal);
    };
    port.start();
    setInterval(() => this.reportHere(), HERE_EVERY_MS);
    addEventListener("pagehide", () => this.post({ kind: "bye" }));
    addEventListener("pageshow", (event: PageTransitionEvent) => event.persisted && this.reportHere());
  }

  listen(topic: string, listener: Listener): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    // Asked again for each reader: the answer begins with what the others have seen already.
    this.post({ kind: "follow", topic });
    return () => {
      listeners.delete(listener);
      if (listeners.size) return;
      this.listeners.delete(topic);
      this.post({ kind: "leave", topic });
    };
  }

  private reportHere(): void {
    this.post({ kind: "here", topics: [...this.listeners.keys()] });
  }

  private post(message: FromTab): void {
    this.port.postMessage(message);
  }
}

let source: Source | undefined;

export function liveSource(): Source {
  source ??= open();
  return source;
}

function open(): Source {
  try {
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "syncline-live" });
    return new SharedSource(worker.port);
  } catch {
    return new Hub();
  }
}
