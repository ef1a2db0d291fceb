import { describe, expect, it } from "vitest";
import { skewOf } from "~/api/client";

describe("skewOf", () => {
  const noon = Date.parse("2026-11-24T12:00:00Z");
  it.each([
    ["whole seconds say nothing of less", noon, noon + 900, noon + 1_000, 0],
    ["a slow answer says nothing", noon + 1_000, noon, noon + 9_000, 0],
    ["a server's clock that is behind", noon, noon + 60_000, noon + 61_000, -60_000],
    ["a server's clock that is ahead", noon + 60_000, noon - 1_000, noon, 60_000],
  ])("%s", (_, date, sent, received, skew) => expect(skewOf(date, sent, received)).toBe(skew));
});
