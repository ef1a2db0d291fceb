import type { Signal } from "./connection";
import { Hub } from "./hub";
import { type FromTab, HERE_EVERY_MS, type ToTab } from "./protocol";

/** Where this tab hears live data: the browser's shared worker, or, without one, connections of its own. */
export interface Source {
  listen: (topic: string, listener: (signal: Signal) => void) => () => void;
}

const again = new EventTarget();

/** Has everything that is followed asked for anew: after a sign-in, when what was refused would be let in. */
export function listenAgain(): void {
  again.dispatchEvent(new Event("again"));
}

/** Calls back at each `listenAgain`; returns what ends that. */
export function onListenAgain(call: () => void): () => void {
  again.addEventListener("again", call);
  return () => again.removeEventListener("again", call);
}

class SharedSource implements Source {
  private readonly listeners = new Map<string, Set<(signal: Signal) => void>>();
  private readonly port: MessagePort;

  constructor() {
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "syncline-live" });
    this.port = worker.port;
    this.port.onmessage = (message: MessageEvent<ToTab>) => {
      for (const listener of this.listeners.get(message.data.topic) ?? []) listener(message.data.signal);
    };
    this.port.start();
    setInterval(() => this.say({ kind: "here", topics: [...this.listeners.keys()] }), HERE_EVERY_MS);
    addEventListener("pagehide", () => this.say({ kind: "bye" }));
    addEventListener("pageshow", (event: PageTransitionEvent) => {
      if (event.persisted) this.say({ kind: "here", topics: [...this.listeners.keys()] });
    });
  }

  listen(topic: string, listener: (signal: Signal) => void): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    // Asked again for each reader: the answer begins with what the others have seen already.
    this.say({ kind: "follow", topic });
    return () => {
      listeners.delete(listener);
      if (listeners.size) return;
      this.listeners.delete(topic);
      this.say({ kind: "leave", topic });
    };
  }

  private say(message: FromTab): void {
    this.port.postMessage(message);
  }
}

let source: Source | undefined;

export function liveSource(): Source {
  if (!source) {
    try {
      source = new SharedSource();
    } catch {
      source = new Hub();
    }
  }
  return source;
}
