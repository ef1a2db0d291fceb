import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Hub } from "~/live/hub";
import { type FromTab, HERE_EVERY_MS, type Listener, type Signal, TAB_GONE_MS } from "~/live/signals";
import { SharedSource } from "~/live/source";
import { Tabs } from "~/live/tabs";
import { message, run } from "./messages";

/** A browser: one shared worker with its connection, and tabs that reach it as over message ports. */
class Browser {
  readonly urls: string[] = [];
  readonly stop = vi.fn();
  send: Listener = () => undefined;
  readonly tabs = new Tabs(
    new Hub((url, listener) => {
      this.urls.push(url);
      this.send = listener;
      return this.stop;
    }),
  );

  open() {
    const sent: FromTab[] = [];
    const port = { onmessage: null as ((event: MessageEvent) => unknown) | null, start: () => undefined };
    const worker = { postMessage: (data: unknown) => port.onmessage?.({ data } as MessageEvent) };
    const postMessage = (data: FromTab) => {
      sent.push(data);
      this.tabs.receive(worker, data);
    };
    const source = new SharedSource(Object.assign(port, { postMessage }) as unknown as MessagePort);
    return { source, sent, worker };
  }
}

let browser: Browser;
const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  browser = new Browser();
});

afterEach(() => {
  dispatchEvent(new Event("pagehide"));
  vi.clearAllTimers();
  vi.useRealTimers();
});

function listen(tab: { source: SharedSource }, topic: string) {
  const heard: Signal[] = [];
  return { heard, leave: tab.source.listen(topic, (signal) => heard.push(signal)) };
}

it("serves all tabs over one connection, and goes on for the others when one leaves", async () => {
  const first = listen(browser.open(), "runs");
  const second = listen(browser.open(), "runs");
  await passed(30);
  browser.send(message("run", run(1)));
  expect([first.heard.length, second.heard.length, browser.urls.length]).toEqual([1, 1, 1]);

  first.leave();
  await passed(30);
  browser.send(message("run", run(2)));
  expect([first.heard.length, second.heard.length, browser.stop.mock.calls.length]).toEqual([1, 2, 0]);
  second.leave();
  await passed(30);
  expect(browser.stop).toHaveBeenCalledTimes(1);
});

it("gives a second reader in a tab what the first has seen, without another connection", async () => {
  const tab = browser.open();
  const first = listen(tab, "runs");
  await passed(30);
  browser.send(message("snapshot", { runs: [] }, "1"));
  const second = listen(tab, "runs");
  await passed(30);
  expect(second.heard).toEqual([message("snapshot", { runs: [] }, "1")]);
  first.leave();
  await passed(30);
  browser.send(message("run", run(2)));
  expect([second.heard.length, browser.urls.length, browser.stop.mock.calls.length]).toEqual([2, 1, 0]);
});

it("ends the connection for tabs that are gone without a word", async () => {
  browser.tabs.receive({ postMessage: () => undefined }, { kind: "follow", topic: "runs" });
  await passed(TAB_GONE_MS);
  browser.tabs.forgetSilent();
  await passed(30);
  expect(browser.stop).not.toHaveBeenCalled();
  await passed(1_000);
  browser.tabs.forgetSilent();
  await passed(30);
  expect(browser.stop).toHaveBeenCalledTimes(1);
});

it("says that it is there, so that an open tab is never forgotten", async () => {
  const tab = browser.open();
  listen(tab, "dlq");
  await passed(2 * TAB_GONE_MS);
  browser.tabs.forgetSilent();
  await passed(30);
  expect(browser.stop).not.toHaveBeenCalled();
  expect(tab.sent.at(-1)).toEqual({ kind: "here", topics: ["dlq"] });
});

it("takes a tab back that slept too long and was forgotten", async () => {
  const tab = browser.open();
  const { heard } = listen(tab, "runs");
  await passed(30);
  browser.tabs.receive(tab.worker, { kind: "bye" });
  await passed(30);
  expect(browser.stop).toHaveBeenCalledTimes(1);
  await passed(HERE_EVERY_MS);
  await passed(30);
  browser.send(message("run", run(3)));
  expect([browser.urls.length, heard.length]).toEqual([2, 1]);
});

it("leaves when its page is hidden for good, and comes back with a page from the browser's cache", async () => {
  const tab = browser.open();
  listen(tab, "runs");
  dispatchEvent(new Event("pagehide"));
  await passed(30);
  expect(tab.sent.at(-1)).toEqual({ kind: "bye" });
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await passed(30);
  expect(tab.sent.at(-1)).toEqual({ kind: "here", topics: ["runs"] });
  expect(browser.urls).toHaveLength(1);
});
