import { describe, expect, it } from "vitest";
import { absolute, duration, inZone, percent, rate, relative, short, zoneLabel, zoneOffset } from "~/state/format";

describe("duration", () => {
  it.each([
    [840, "840 ms"],
    [12_400, "12.4 s"],
    [59_949, "59.9 s"],
    [59_950, "1 m 00 s"],
    [185_000, "3 m 05 s"],
    [7_800_000, "2 h 10 m"],
    [86_400_000 * 4 + 3_600_000 * 3, "4 d 3 h"],
    [null, "–"],
    [Number.NaN, "–"],
  ])("says %s as %s", (ms, text) => expect(duration(ms)).toBe(text));
});

describe("percent", () => {
  it.each([
    [0, 0, "0 %"],
    [1, 3, "33 %"],
    [9_999, 10_000, "99.9 %"],
    [10_000, 10_000, "100 %"],
    [1, 1_000, "0.1 %"],
    [1, 1_001, "< 0.1 %"],
    [1, 1_000_000, "< 0.1 %"],
  ])("never rounds %d of %d to all or none: %s", (part, whole, text) => expect(percent(part, whole)).toBe(text));
});

describe("short", () => {
  it.each([
    [7, "7"],
    [999, "999"],
    [9_999, "9.9k"],
    [10_000, "10k"],
    [92_959, "92k"],
    [1_234_567, "1,234k"],
  ])("%d is %s, and never more than there is", (value, text) => expect(short(value)).toBe(text));
});

describe("relative", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");
  it.each([
    [now, "just now"],
    [now - 42_000, "42 s ago"],
    [now - 185_000, "3 min ago"],
    [now - 3_600_000 * 30, "30 h ago"],
    [now - 86_400_000 * 5, "5 days ago"],
    [now + 7_200_000, "in 2 h"],
  ])("%d is %s", (time, text) => expect(relative(time, now)).toBe(text));
});

describe("absolute", () => {
  const before = Date.parse("2026-10-25T00:30:00Z");
  const after = Date.parse("2026-10-25T01:30:00Z");

  it("tells the two half past two of the autumn clock change apart by their zone", () => {
    expect(absolute(before, "Europe/Vienna")).toBe("2026-10-25 02:30:00");
    expect(absolute(after, "Europe/Vienna")).toBe("2026-10-25 02:30:00");
    expect(zoneLabel(before, "Europe/Vienna")).not.toBe(zoneLabel(after, "Europe/Vienna"));
    expect([zoneOffset(before, "Europe/Vienna"), zoneOffset(after, "Europe/Vienna")]).toEqual([
      "UTC+02:00",
      "UTC+01:00",
    ]);
  });

  it("says midnight as 00, not 24", () => {
    expect(absolute(Date.parse("2026-11-24T00:00:00Z"), "UTC")).toBe("2026-11-24 00:00:00");
    expect(zoneOffset(before, "UTC")).toBe("UTC+00:00");
  });
});

it("says the times in a text of the server in a zone, and leaves all else as it is", () => {
  const text =
    "waiting for shop since 2026-11-24 11:02:11+00:00: 10 records until 2026-11-24T11:40:00Z, not 2026-11-24";
  expect(inZone(text, "Europe/Vienna")).toBe(
    "waiting for shop since 2026-11-24 12:02:11 CET: 10 records until 2026-11-24 12:40:00 CET, not 2026-11-24",
  );
  expect(inZone("until 2026-99-99T99:99:99Z", "UTC")).toBe("until 2026-99-99T99:99:99Z");
});

it("says a rate with one decimal where it matters", () => {
  expect([rate(412.4), rate(0.83), rate(null), rate(Number.POSITIVE_INFINITY)]).toEqual(["412/s", "0.8/s", "–", "–"]);
  expect([rate(0), rate(0.1), rate(0.004)]).toEqual(["0.0/s", "0.1/s", "< 0.1/s"]);
});
