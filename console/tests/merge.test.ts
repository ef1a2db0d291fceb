import { describe, expect, it } from "vitest";
import { merge, type Side } from "~/components/form/merge";

const all = (side: Side) => Array<Side>(100).fill(side);
const lines = (text: string) => ({ text: text.split(" ").join("\n") });

describe("fields", () => {
  const base: Record<string, unknown> = {
    name: "shop",
    rate: null,
    retry: { retries: 3, base: 2 },
    order: ["item"],
    config: {},
  };
  const yours = { ...base, rate: 5, retry: { retries: 4, base: 2 }, config: { url: "http://mine", path: "x" } };
  const theirs = { ...base, rate: 7, retry: { retries: 3, base: 8 }, order: ["item", "stock"], config: { path: "x" } };
  const found = merge({ base, yours, theirs });

  it("are told apart by who changed them; what both made the same is no difference", () => {
    expect(found.differences.map(({ path, by }) => [path.join("."), by])).toEqual([
      ["rate", "both"],
      ["retry.retries", "yours"],
      ["retry.base", "theirs"],
      ["order", "theirs"],
      ["config.url", "yours"],
    ]);
  });

  it("are taken from either side each, and nothing else changes", () => {
    expect(found.take(["yours", "yours", "theirs", "theirs", "yours"])).toEqual({
      ...base,
      rate: 5,
      retry: { retries: 4, base: 8 },
      order: ["item", "stock"],
      config: { url: "http://mine", path: "x" },
    });
    expect([found.take(all("yours")), found.take(all("theirs"))]).toEqual([yours, theirs]);
  });

  it("that one side took away and the other changed are a difference of both", () => {
    const gone = merge<{ a: object }>({ base: { a: { x: 1 } }, yours: { a: {} }, theirs: { a: { x: 2 } } });
    expect(gone.differences).toMatchObject([{ path: ["a", "x"], by: "both", yours: undefined, theirs: 2 }]);
    expect(gone.take(["yours"])).toEqual({ a: {} });
  });
});

describe("texts", () => {
  it("are merged by lines: far apart each by itself, touching ones as one difference of both", () => {
    const base = lines("{ a b c d }");
    const found = merge({ base, yours: lines("{ A b c d }"), theirs: lines("{ a b c D e }") });
    expect(found.differences.map(({ by, line }) => [by, line])).toEqual([
      ["yours", 2],
      ["theirs", 5],
    ]);
    expect(found.take(["yours", "theirs"])).toEqual(lines("{ A b c D e }"));

    const touching = merge({ base, yours: lines("{ a B c d }"), theirs: lines("{ a b C d }") });
    expect(touching.differences).toMatchObject([
      { by: "both", line: 3, base: ["b", "c"], yours: ["B", "c"], theirs: ["b", "C"] },
    ]);
  });

  it("lose nothing of either side, whatever was changed", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const changed = (from: string[]) => {
      const next = [...from];
      for (let times = random(5); times > 0; times--) {
        next.splice(random(next.length + 1), random(3), ...Array.from({ length: random(3) }, () => `${random(6)}`));
      }
      return next;
    };
    for (let times = 0; times < 300; times++) {
      const base = Array.from({ length: random(12) }, () => `${random(6)}`);
      const [yours, theirs] = [changed(base), changed(base)];
      // At least two lines, or it is a field.
      const text = (of: string[]) => ({ text: ["{", ...of, "}"].join("\n") });
      const found = merge({ base: text(base), yours: text(yours), theirs: text(theirs) });
      expect(found.take(all("yours"))).toEqual(text(yours));
      expect(found.take(all("theirs"))).toEqual(text(theirs));
      // What one side alone has changed is all of that side's, when the other has changed nothing.
      const alone = merge({ base: text(base), yours: text(yours), theirs: text(base) });
      expect(new Set(alone.differences.map(({ by }) => by)).has("both")).toBe(false);
      expect(alone.take(alone.differences.map(({ by }) => by as Side))).toEqual(text(yours));
    }
  });
});
