import { describe, expect, it, vi } from "vitest";
import { backoff, type Signal } from "~/live/connection";
import { Hub } from "~/live/hub";
import { FrameParser } from "~/live/parser";
import { advance, initialState, newest } from "~/live/state";
import { topicsOf } from "~/live/topics";
import { type RunStatus, statusIn } from "~/live/useRun";
import { reduceRuns } from "~/live/useRuns";

const ID = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d";
const run = (seq: number, total = 0) => ({ correlationId: ID, seq, total }) as RunStatus;
const message = (event: string, data: unknown, id = ""): Extract<Signal, { kind: "message" }> => ({
  kind: "message",
  event,
  data: JSON.stringify(data),
  id,
});

describe("parser", () => {
  const stream = 'retry: 500\n: ping\n\nid: 7\nevent: run\ndata: {"a":\ndata: 1}\n\n';
  const frames = [{ kind: "beat" }, { kind: "message", event: "run", data: '{"a":\n1}', id: "7" }];

  it("reads events however they are cut", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const parser = new FrameParser();
      expect([...parser.feed(stream.slice(0, cut)), ...parser.feed(stream.slice(cut))]).toEqual(frames);
      expect([parser.lastId, parser.retry]).toEqual(["7", 500]);
    }
  });

  it("takes every kind of line end", () => {
    const all = stream.replace(/\n/g, "\r\n");
    expect(new FrameParser().feed(all)).toEqual(frames);
  });
});

describe("state", () => {
  it("goes from connecting over live to reconnecting and back, and keeps what it knew", () => {
    let state = initialState<RunStatus>();
    const take = (signal: Signal, now = 5) => {
      state = advance(state, signal, newest, now);
      return state.health;
    };
    expect(take({ kind: "open", again: false })).toBe("live");
    expect(take(message("run", run(3, 10)))).toBe("live");
    expect(take({ kind: "lost", since: 1 })).toBe("reconnecting");
    expect(state.data?.total).toBe(10);
    expect(take({ kind: "open", again: true }, 9)).toBe("live");
    expect(take({ kind: "beat" }, 12)).toBe("live");
    expect(state.heardAt).toBe(12);
  });

  it("drops what comes late or twice", () => {
    expect(newest(run(5, 50), run(4, 40))).toEqual(run(5, 50));
    expect(newest(run(5, 50), run(6, 60))).toEqual(run(6, 60));
  });

  it("finds its run in a snapshot, and lets none go that is not in it", () => {
    const other = { ...run(9), correlationId: "other" };
    expect(statusIn(undefined, { runs: [other, run(2)] }, "snapshot", ID)).toEqual(run(2));
    expect(statusIn(run(2), { runs: [other] }, "snapshot", ID)).toEqual(run(2));
  });

  it("a snapshot drops runs that are over; an event adds one", () => {
    const first = reduceRuns(undefined, { runs: [run(1)] }, "snapshot");
    const second = reduceRuns(first, { ...run(1), correlationId: "b" }, "run");
    expect([...(second?.keys() ?? [])]).toEqual([ID, "b"]);
    expect(reduceRuns(second, { runs: [] }, "snapshot")?.size).toBe(0);
  });
});

describe("hub", () => {
  it("has one connection for all topics, and tells each its own", async () => {
    vi.useFakeTimers();
    const urls: string[] = [];
    let tell: (signal: Signal) => void = () => undefined;
    const stop = vi.fn();
    const hub = new Hub((url, listener) => {
      urls.push(url);
      tell = listener;
      return stop;
    });
    const [one, all] = [vi.fn(), vi.fn()];
    const leave = hub.listen(`run:${ID}`, one);
    hub.listen("dlq", all);
    await vi.advanceTimersByTimeAsync(30);
    expect(urls).toEqual([`/api/v1/events?topics=dlq,run%3A${ID}`]);

    tell(message("run", run(1), "1"));
    expect(one).toHaveBeenCalledTimes(1);
    expect(all).not.toHaveBeenCalled();

    const late = vi.fn();
    hub.listen(`run:${ID}`, late);
    expect(late).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(30);
    leave();
    await vi.advanceTimersByTimeAsync(30);
    expect(urls).toHaveLength(1);

    hub.listen("runs", all);
    await vi.advanceTimersByTimeAsync(30);
    expect([urls.length, stop.mock.calls.length]).toEqual([2, 1]);
    vi.useRealTimers();
  });

  it("sends a run's event to its own topic and to all runs", () => {
    expect(topicsOf(message("run", run(1)))).toEqual(["runs", `run:${ID}`]);
    expect(topicsOf(message("dlq", { changed: true }))).toEqual(["dlq"]);
    expect(topicsOf(message("snapshot", { runs: [] }))).toBe("all");
  });
});

it("waits longer after each failure, but never long", () => {
  expect([0, 1, 2, 20].map(backoff)).toEqual([500, 1_000, 2_000, 10_000]);
});
