import { describe, expect, it } from "vitest";
import { differences, eventDetail, eventWords, type RunEvent } from "~/pages/runs/happened";

const event = (kind: RunEvent["kind"], more: Partial<RunEvent> = {}): RunEvent => ({
  at: "2026-11-30T12:00:00Z",
  kind,
  until: null,
  actor: null,
  stage: null,
  records: null,
  detail: null,
  ...more,
});

describe("what happened in a run", () => {
  it("is told in plain words, with who did it", () => {
    const said = (one: RunEvent) => eventWords(one, { state: "partial_success" })[0];
    expect(said(event("accepted", { actor: "anna" }))).toBe("Accepted by anna");
    expect(said(event("waited", { stage: "ingest" }))).toBe("Reading waited");
    expect(said(event("retried", { stage: "execute", records: 1 }))).toBe("1 attempt in Execute failed, tried again");
    expect(said(event("paused", { actor: "failure budget" }))).toBe("Paused by failure budget");
    expect(said(event("ended"))).toBe("Ended: Partial Success");
    expect(eventDetail(event("accepted", { detail: "schedule" }))).toBe("triggered by schedule");
    expect(eventDetail(event("paused"))).toBeNull();
  });
});

describe("what differs from the run before", () => {
  const run = {
    mappingVersion: 1,
    source: "erp",
    target: "shop",
    mode: "incremental",
    trigger: "schedule",
    actor: "nightly",
    maxEntities: null,
    batchSize: 100,
    finishedAt: "2026-11-30T12:00:00Z",
    state: "succeeded",
    total: 20,
    success: 20,
    skipped: 0,
    failed: 0,
    seconds: 12,
  } as unknown as Parameters<typeof differences>[0]["run"];
  const mapping = { name: "items", version: 1, activeVersion: 2 };

  it("is what is not the same", () => {
    const now = { run: { ...run, mappingVersion: 2, total: 21, failed: 1, state: "partial_success" }, mapping };
    expect(differences({ run, mapping }, now).map(({ name, before, now }) => [name, before, now])).toEqual([
      ["Mapping", "items, version 1", "items, version 2"],
      ["State", "Succeeded", "Partial Success"],
      ["Records", "20", "21"],
      ["Failed", "0", "1"],
    ]);
    expect(differences({ run, mapping }, { run, mapping })).toEqual([]);
  });

  it("is no count while the run goes on", () => {
    expect(differences({ run, mapping }, { run: { ...run, finishedAt: null, total: 3 }, mapping })).toEqual([]);
  });
});
