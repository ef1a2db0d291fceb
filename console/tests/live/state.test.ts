import { describe, expect, it } from "vitest";
import { type Signal, topicsOf } from "~/live/signals";
import { advance, initialState, newest } from "~/live/state";
import { type RunStatus, reduceRuns, statusIn } from "~/live/useRuns";
import { ID, message, run } from "./messages";

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

it("sends a run's event to its own topic and to all runs", () => {
  expect(topicsOf(message("run", run(1)))).toEqual(["runs", `run:${ID}`]);
  expect(topicsOf(message("dlq", { changed: true }))).toEqual(["dlq"]);
  expect(topicsOf(message("snapshot", { runs: [] }))).toBe("all");
});
