/// <reference lib="webworker" />
// Shared by all tabs: a browser opens about six connections to a host, and each live page would hold one.
import { Hub } from "./hub";
import type { FromTab, ToTab } from "./protocol";
import { TAB_GONE_MS } from "./protocol";

const hub = new Hub();

interface Tab {
  stops: Map<string, () => void>;
  heard: number;
}

const tabs = new Map<MessagePort, Tab>();

function forget(port: MessagePort): void {
  for (const stop of tabs.get(port)?.stops.values() ?? []) stop();
  tabs.delete(port);
}

function take(port: MessagePort, message: FromTab): void {
  const tab = tabs.get(port) ?? { stops: new Map(), heard: 0 };
  tabs.set(port, tab);
  tab.heard = Date.now();
  if (message.kind === "bye") {
    forget(port);
    return;
  }
  if (message.kind === "here") {
    // A tab that slept too long was forgotten; it says what it follows, and is told anew.
    for (const topic of message.topics) if (!tab.stops.has(topic)) join(port, tab, topic);
    return;
  }
  const before = tab.stops.get(message.topic);
  tab.stops.delete(message.topic);
  // Joined before it is left, so that the connection is not made anew.
  if (message.kind === "follow") join(port, tab, message.topic);
  before?.();
}

function join(port: MessagePort, tab: Tab, topic: string): void {
  const stop = hub.listen(topic, (signal) => port.postMessage({ topic, signal } satisfies ToTab));
  tab.stops.set(topic, stop);
}

setInterval(() => {
  for (const [port, tab] of tabs) if (Date.now() - tab.heard > TAB_GONE_MS) forget(port);
}, 30_000);

(self as unknown as SharedWorkerGlobalScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<FromTab>) => take(port, message.data);
  port.start();
};
