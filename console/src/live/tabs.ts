import type { Hub } from "./hub";
import { type FromTab, TAB_GONE_MS, type ToTab } from "./signals";

/** Where messages to a tab go. */
export type Port = Pick<MessagePort, "postMessage">;

interface Tab {
  /** What ends each topic that the tab follows. */
  stops: Map<string, () => void>;
  heardAt: number;
}

/** The tabs of a shared worker: what each follows, until it leaves or is not heard any more. */
export class Tabs {
  private readonly tabs = new Map<Port, Tab>();

  constructor(private readonly hub: Pick<Hub, "listen">) {}

  receive(port: Port, message: FromTab): void {
    if (message.kind === "bye") {
      this.forget(port);
      return;
    }
    const tab = this.tabs.get(port) ?? { stops: new Map(), heardAt: 0 };
    this.tabs.set(port, tab);
    tab.heardAt = Date.now();
    if (message.kind === "here") {
      // A tab that slept too long was forgotten: it names what it follows, and gets that anew.
      for (const topic of message.topics) if (!tab.stops.has(topic)) this.join(port, tab, topic);
      return;
    }
    const before = tab.stops.get(message.topic);
    tab.stops.delete(message.topic);
    // Joined before it is left, so that the connection is not made anew.
    if (message.kind === "follow") this.join(port, tab, message.topic);
    before?.();
  }

  /** Forgets tabs that were closed without a word. */
  forgetSilent(): void {
    for (const [port, tab] of this.tabs) if (Date.now() - tab.heardAt > TAB_GONE_MS) this.forget(port);
  }

  private forget(port: Port): void {
    for (const stop of this.tabs.get(port)?.stops.values() ?? []) stop();
    this.tabs.delete(port);
  }

  private join(port: Port, tab: Tab, topic: string): void {
    const post = (message: ToTab) => port.postMessage(message);
    tab.stops.set(
      topic,
      this.hub.listen(topic, (signal) => post({ topic, signal })),
    );
  }
}
