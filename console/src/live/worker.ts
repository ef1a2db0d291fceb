/// <reference lib="webworker" />
// Shared by all tabs: a browser opens about six connections to a host, and each live page would hold one.

import { Hub } from "./hub";
import type { FromTab } from "./signals";
import { Tabs } from "./tabs";

const tabs = new Tabs(new Hub());

setInterval(() => tabs.forgetSilent(), 30_000);

(self as unknown as SharedWorkerGlobalScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<FromTab>) => tabs.receive(port, message.data);
  port.start();
};
