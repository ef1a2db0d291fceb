import { describe, expect, it } from "vitest";
import { barHeight, barWords, runsInWords, secondsOf, unsyncedWords } from "~/pages/instances/words";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const run = {
  state: "failed",
  trigger: "schedule",
  createdAt: "2026-11-30T11:56:00Z",
  startedAt: "2026-11-30T11:56:48Z",
  finishedAt: "2026-11-30T11:57:00Z",
  total: 1_200,
  failed: 3,
  pausedBy: null,
};
const active = { ...run, state: "extracting", startedAt: "2026-11-30T11:59:30Z", finishedAt: null, failed: 0 };

describe("the last runs of a stream", () => {
  it("says of each in words how it ended, and how long it took", () => {
    expect(barWords(run, NOW)).toBe("Failed 3 min ago, by schedule: took 12.0 s, 1,200 records, 3 failed");
    expect(barWords(active, NOW)).toBe("Extracting 4 min ago, by schedule: for 30.0 s, 1,200 records");
    expect(barWords({ ...active, state: "queued", startedAt: null, total: 1 }, NOW)).toBe(
      "Queued 4 min ago, by schedule: 1 record",
    );
  });

  it("sums them up", () => {
    expect(runsInWords([run, run, run, active], NOW)).toBe("4 runs: 3 Failed, 1 Extracting; half took 12.0 s or less.");
    expect(runsInWords([active], NOW)).toBe("1 run: 1 Extracting.");
  });

  it("draws a bar for every run, however short", () => {
    expect(secondsOf({ startedAt: null, finishedAt: null }, NOW)).toBe(0);
    expect([0, 25, 100].map((seconds) => barHeight(seconds, 100))).toEqual([4, 24, 48]);
    expect(barHeight(0, 0)).toBe(4);
  });

  it("names what is known and not synced", () => {
    const of = (kind: "dead_letter" | "in_flight" | "hook") =>
      unsyncedWords({ kind, records: 2, since: run.createdAt });
    expect(of("dead_letter")).toBe("2 dead letters");
    expect(of("in_flight")).toBe("2 records on the way");
    expect(of("hook")).toBe("2 records that a hook told of");
  });
});
