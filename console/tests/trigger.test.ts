import { describe, expect, it } from "vitest";
import type { Schema } from "~/api/client";
import {
  meanRate,
  milestone,
  rateOf,
  type Sample,
  sampled,
  shareOf,
  skipReasons,
  timeLeft,
} from "~/components/run/progress";
import type { RunStatus } from "~/live/useRuns";
import { bodyOf, commandOf, type Fields, idsOf, mistakes, newCorrelationId } from "~/pages/trigger/fields";
import { activeRun } from "~/pages/trigger/Refused";

const fields = (change: Partial<Fields> = {}): Fields => ({
  instance: "erp-shop",
  entity: "item",
  ids: "",
  mode: "incremental",
  max: "",
  batch: "",
  overlap: "reject",
  ...change,
});
const run = (change: Partial<RunStatus> = {}) =>
  ({
    state: "in_progress",
    total: 100,
    success: 0,
    skipped: 0,
    failed: 0,
    inFlight: 100,
    skipReasons: {},
    extracted: true,
    pausedBy: null,
    cancelRequestedBy: null,
    needsAttention: null,
    waitingUntil: null,
    startedAt: null,
    finishedAt: null,
    ...change,
  }) as RunStatus;

describe("form", () => {
  it("reads pasted IDs of every kind, without doubles", () => {
    expect(idsOf('A1, A2,,\n"A3"\r\nA1\tA 4; ')).toEqual(["A1", "A2", "A3", "A 4"]);
  });

  it("says what is wrong, by field", () => {
    const many = Array.from({ length: 501 }, (_, n) => n).join(",");
    expect(mistakes(fields())).toEqual({});
    expect(Object.keys(mistakes(fields({ instance: "", entity: "", ids: many })))).toEqual([
      "instance",
      "entity",
      "ids",
    ]);
    expect(mistakes(fields({ ids: "A1", mode: "reset_cursor" })).mode).toContain("Force Full");
    for (const batch of ["0", "1001", "ten", "1.5", "-1"]) expect(mistakes(fields({ batch })).batch).toBeDefined();
    expect(mistakes(fields({ batch: "1000", max: "1" }))).toEqual({});
  });

  it("asks the API for what the command line would ask", () => {
    const asked = fields({ ids: "A1, it's", mode: "force_full", max: "5", batch: "10", overlap: "queue" });
    expect(bodyOf(asked, "id")).toEqual({
      instance: "erp-shop",
      entityType: "item",
      sourceIds: ["A1", "it's"],
      mode: "force_full",
      maxEntities: 5,
      batchSize: 10,
      onOverlap: "queue",
      correlationId: "id",
    });
    expect(commandOf(asked)).toBe(
      "syncline trigger erp-shop item --mode force_full --source-ids 'A1,it'\\''s' --max-entities 5 --batch-size 10 --on-overlap queue",
    );
    expect(commandOf(fields())).toBe("syncline trigger erp-shop item");
  });

  it("names a run by a UUIDv7 of the server's time", () => {
    const id = newCorrelationId(Date.parse("2026-11-24T12:00:00Z"), new Uint8Array(10).fill(255));
    expect(id).toBe(
      `${(1795521600000)
        .toString(16)
        .padStart(12, "0")
        .replace(/^(.{8})/, "$1-")}-7fff-bfff-ffffffffffff`,
    );
    expect(newCorrelationId(Date.now())).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it("finds the run that is in the way", () => {
    const id = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d";
    expect(activeRun(`run ${id} of this instance and entity type is active`)).toBe(id);
    expect(activeRun(`correlation ID ${id} belongs to another request`)).toBeUndefined();
  });
});

describe("progress", () => {
  const samples = [0, 1, 2, 3].reduce<Sample[]>((all, n) => sampled(all, { at: n * 1_000, done: n * 50 }), []);

  it("measures a rate over a window that moves on: none is left when nothing comes any more", () => {
    expect(rateOf(samples)).toBe(50);
    expect(rateOf(samples.slice(0, 1))).toBeNull();
    const still = Array.from({ length: 12 }, (_, n) => n + 4).reduce<Sample[]>(
      (all, n) => sampled(all, { at: n * 1_000, done: 150 }),
      samples,
    );
    expect(rateOf(still)).toBe(0);
    expect(still.length).toBeLessThan(12);
  });

  it("tells no time left before the total is final, without progress, or while something holds the run", () => {
    expect(timeLeft(run({ extracted: false }), 50, 0)).toBeNull();
    expect(timeLeft(run(), 50, 0)).toBe(2_000);
    expect(timeLeft(run(), 0, 0)).toBeNull();
    expect(timeLeft(run({ cancelRequestedBy: "anna" }), 50, 0)).toBeNull();
    expect(timeLeft(run({ pausedBy: "anna" }), 50, 0)).toBeNull();
    expect(timeLeft(run({ waitingUntil: "2026-01-01T00:00:40Z" }), 50, Date.parse("2026-01-01"))).toBeNull();
    expect(meanRate(run({ success: 100, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:04Z" }))).toBe(
      25,
    );
  });

  it("names reasons of skips, the most frequent first", () => {
    expect(skipReasons(run({ skipReasons: { excluded: 2, unchanged: 7 } })).map((one) => one.words)).toEqual([
      "unchanged",
      "excluded by the mapping",
    ]);
  });

  it("announces each quarter once", () => {
    const said = new Set(Array.from({ length: 101 }, (_, n) => milestone(run({ success: n }), "in_progress")));
    expect([...said]).toEqual([
      "in_progress 0",
      "in_progress 25",
      "in_progress 50",
      "in_progress 75",
      "in_progress 100",
    ]);
  });
});

describe("the share of a stage", () => {
  const report = (run: Partial<Schema<"RunView">>, ...stages: Partial<Schema<"StageView">>[]) => {
    const none = { entered: 0, before: 0, inside: 0, passed: 0, skipped: 0, failed: 0 };
    const made = {
      run: { total: 100, inFlight: 0, totalIsFinal: true, ...run },
      stages: stages.map((one) => ({ ...none, ...one })),
    };
    return made as unknown as Schema<"RunReport">;
  };
  const shares = (of: Schema<"RunReport">) => of.stages.map((stage) => shareOf(stage, of));
  const ingest = { stage: "ingest", entered: 100, passed: 90, skipped: 10 };

  it("counts what is on its way to a stage as not done", () => {
    const under = report(
      { inFlight: 60 },
      ingest,
      { stage: "normalize", entered: 90, before: 40, passed: 48, failed: 2 },
      { stage: "transform", entered: 48, before: 8, passed: 40 },
      { stage: "execute", entered: 40, before: 2, inside: 10, passed: 28 },
      { stage: "finalize", entered: 40, passed: 40 },
    );
    expect(shares(under)).toEqual([1, 50 / 90, 40 / 88, 28 / 88, 0.4]);
  });

  it("is full when nothing is left, and empty while the source is read or nothing came", () => {
    expect(shares(report({}, ingest, { stage: "normalize", entered: 90, passed: 90 }))).toEqual([1, 1]);
    expect(shares(report({ totalIsFinal: false }, ingest, { stage: "normalize" }))).toEqual([0, 0]);
  });

  it("takes records of a replay as on their way: they begin in any stage", () => {
    expect(shares(report({ inFlight: 30 }, { stage: "transform", entered: 10, passed: 10 }))).toEqual([0.25]);
  });
});
