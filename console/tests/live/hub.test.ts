import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Hub } from "~/live/hub";
import type { Listener, Signal } from "~/live/signals";
import { ID, message, run } from "./messages";

const urls: string[] = [];
const stop = vi.fn();
let send: Listener;
let hub: Hub;

beforeEach(() => {
  vi.useFakeTimers();
  urls.length = 0;
  stop.mockClear();
  hub = new Hub((url, listener) => {
    urls.push(decodeURIComponent(url.replace(/.*=/, "")));
    send = listener;
    return stop;
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const settled = () => vi.advanceTimersByTimeAsync(30);

function heardBy(topic: string): { heard: Signal[]; leave: () => void } {
  const heard: Signal[] = [];
  return { heard, leave: hub.listen(topic, (signal) => heard.push(signal)) };
}

it("has one connection for all topics, and gives each its own", async () => {
  const one = heardBy(`run:${ID}`);
  const all = heardBy("dlq");
  await settled();
  expect(urls).toEqual([`dlq,run:${ID}`]);
  send(message("run", run(1), "1"));
  expect([one.heard.length, all.heard.length]).toEqual([1, 0]);
});

it("connects anew for another topic, and not for one fewer", async () => {
  heardBy("runs");
  const { leave } = heardBy("dlq");
  await settled();
  leave();
  await settled();
  expect([urls.length, stop.mock.calls.length]).toEqual([1, 0]);
  heardBy("pipeline");
  await settled();
  expect(urls.at(-1)).toBe("pipeline,runs");
  expect(stop).toHaveBeenCalledTimes(1);
});

it("connects anew for a topic that was left and is wanted again: its snapshot is not kept", async () => {
  heardBy("dlq");
  const { leave } = heardBy("runs");
  await settled();
  send(message("snapshot", { runs: [run(1)] }, "1"));
  leave();
  await settled();
  heardBy("runs");
  await settled();
  expect(urls).toEqual(["dlq,runs", "dlq,runs"]);
});

it("connects anew for a topic that one page leaves and the next wants at once", async () => {
  heardBy("dlq");
  const { leave } = heardBy("runs");
  await settled();
  leave();
  heardBy("runs");
  await settled();
  expect(urls).toEqual(["dlq,runs", "dlq,runs"]);
});

it("ends its connection when nobody listens any more", async () => {
  const { leave } = heardBy("runs");
  await settled();
  leave();
  await settled();
  expect(stop).toHaveBeenCalledTimes(1);
});

it("tells who joins later the last snapshot and the newest of each thing after it", async () => {
  heardBy("runs");
  await settled();
  send({ kind: "open", again: false });
  send(message("snapshot", { runs: [run(1)] }, "1"));
  send(message("run", run(2), "2"));
  send({ kind: "beat" });
  expect(heardBy("runs").heard.map((one) => (one.kind === "message" ? one.id : one.kind))).toEqual(["open", "1", "2"]);

  send({ kind: "lost", since: 0 });
  send({ kind: "open", again: true });
  send(message("snapshot", { runs: [] }, "3"));
  expect(heardBy("runs").heard).toEqual([{ kind: "open", again: true }, message("snapshot", { runs: [] }, "3")]);
});

it("keeps the newest events of a long stream, and its snapshot", async () => {
  heardBy("runs");
  await settled();
  send({ kind: "open", again: false });
  send(message("snapshot", {}, "0"));
  for (let id = 1; id <= 1_000; id++) send(message("run", run(id), String(id)));
  const ids = heardBy("runs").heard.flatMap((one) => (one.kind === "message" ? [one.id] : []));
  expect([ids.length, ids[0], ids.at(-1)]).toEqual([299, "0", "1000"]);
});

it("asks for no more topics than the gateway takes: the newest", async () => {
  for (let n = 0; n < 25; n++) heardBy(`run:${String(n).padStart(2, "0")}`);
  await settled();
  const asked = urls[0]?.split(",") ?? [];
  expect([asked.length, asked[0], asked.at(-1)]).toEqual([20, "run:05", "run:24"]);
});

it("connects anew for the next listener after it was refused", async () => {
  const { heard } = heardBy("runs");
  await settled();
  send({ kind: "refused", status: 401 });
  expect(heard).toEqual([{ kind: "refused", status: 401 }]);
  heardBy("runs");
  await settled();
  expect(urls).toHaveLength(2);
});
