import { describe, expect, it } from "vitest";
import { shownState } from "~/components/run/state";
import type { RunStatus } from "~/live/useRuns";
import { missing } from "~/pages/records/payloads";
import { shown } from "~/pages/records/search";
import { type RunView, unseen, updated } from "~/pages/runs/live";

const run = {
  correlationId: "a",
  state: "in_progress",
  total: 10,
  success: 4,
  skipped: 0,
  failed: 0,
  inFlight: 6,
  createdAt: "2026-01-01T00:00:00Z",
} as RunView;
const status = { ...run, success: 5, inFlight: 5, extracted: true } as unknown as RunStatus;

describe("a run of a list", () => {
  it("goes on with what is told live", () => {
    expect(updated(run, status)).toMatchObject({ success: 5, inFlight: 5, totalIsFinal: true });
  });
  it("shows what holds it, as every other page does, until it is over", () => {
    const [now, later] = [Date.parse("2026-01-01T00:00:00Z"), "2026-01-01T00:00:40Z"];
    const told = {
      ...status,
      pausedBy: "failure budget",
      needsAttention: "3 of 10 records failed",
      cancelRequestedBy: null,
      waitingUntil: later,
    };
    const shown = (change: object) => {
      const one = { ...told, ...change };
      const inList = shownState(updated({ ...run, seconds: null }, one), now);
      expect(shownState(one, now)).toBe(inList);
      return inList;
    };
    expect(shown({})).toBe("needs_attention");
    expect(shown({ needsAttention: null })).toBe("paused");
    expect(shown({ needsAttention: null, pausedBy: null })).toBe("waiting");
    expect(shown({ needsAttention: null, pausedBy: null, waitingUntil: "2025-12-31T23:59:59Z" })).toBe("in_progress");
    expect(shown({ cancelRequestedBy: "anna" })).toBe("cancelling");
    expect(shown({ cancelRequestedBy: "anna", finishedAt: later, state: "cancelled" })).toBe("cancelled");
  });
  it("never falls back to what was told before it was fetched", () => {
    expect(updated(run, { ...status, total: 8 })).toBe(run);
    expect(updated(run, { ...status, inFlight: 7 })).toBe(run);
    expect(updated(run, undefined)).toBe(run);
  });
});

describe("new runs", () => {
  it("are those that began after the newest one shown", () => {
    const begun = (correlationId: string, startedAt: string | null) => ({ ...status, correlationId, startedAt });
    const live = [
      begun("a", null),
      begun("b", "2026-01-01T00:00:05Z"),
      begun("c", "2025-12-31T00:00:00Z"),
      begun("d", null),
    ];
    expect(unseen([run], live).map((one) => one.correlationId)).toEqual(["b", "d"]);
  });
});

describe("what was found", () => {
  it("leads to its page", () => {
    const hit = { name: null, correlationId: null, sourceId: "A/1?", targetId: null, deadLetter: null, at: null };
    const record = { ...hit, kind: "record", instance: "erp", entityType: "item", state: "success" };
    expect(shown(record)).toMatchObject({ kind: "Record", label: "A/1?", to: "/records/A%2F1%3F" });
    const schedule = { ...record, kind: "schedule", name: "every night" };
    expect(shown(schedule)).toMatchObject({ kind: "Schedule", to: "/schedules?open=every+night" });
  });
});

describe("a payload that is not there", () => {
  it("is told apart by why", () => {
    const words = ["gone", "absent", "not_found", "unavailable"].map((state) => missing({ state, keptDays: 7 }));
    expect(new Set(words).size).toBe(4);
    expect(words[0]).toContain("7 days");
  });
});
