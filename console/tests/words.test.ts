import { expect, it } from "vitest";
import { encodeBody, parseAnswer, payloadText } from "~/api/lossless";
import { errorsByField, fieldOf, labelOf, Problem } from "~/api/problem";
import { chipOf } from "~/app/LiveChip";
import { lookOf, vocabularies } from "~/components/status";
import { tokens } from "~/components/tokens";
import { shorten } from "~/components/values";
import { keyName } from "~/state/shortcuts";

it("keeps numbers of payloads exactly, and reads others as numbers", () => {
  const text = '{"total":3.0,"payload":{"id":23958446825181076828,"price":1.10,"tiny":0.1234567890123456789}}';
  const answer = parseAnswer(text) as { total: number; payload: unknown };
  expect(answer.total).toBe(3);
  expect(encodeBody(answer.payload)).toBe('{"id":23958446825181076828,"price":1.10,"tiny":0.1234567890123456789}');
  expect(payloadText('{"price":1.10}')).toBe('{\n  "price": 1.10\n}');
  expect(payloadText("<not json>")).toBe("<not json>");
});

it("cuts JSON into tokens that are the text again", () => {
  const line = '  "naïve \\"key\\"" : [-1.10e+5, "a: 1", true, null, </script>]';
  expect(
    tokens(line)
      .map((token) => token.text)
      .join(""),
  ).toBe(line);
  expect(
    tokens(line)
      .map((token) => token.kind)
      .filter((kind) => kind !== "plain"),
  ).toEqual(["name", "number", "quoted", "word", "word"]);
});

it("has a word, an icon and a tone for every state, and shows one it does not know", () => {
  for (const vocabulary of Object.values(vocabularies)) {
    for (const look of Object.values(vocabulary))
      expect([typeof look.word, Boolean(look.icon)]).toEqual(["string", true]);
  }
  expect(lookOf("run", "partial_success")).toMatchObject({ word: "Partial Success", tone: "warn" });
  expect(lookOf("run", "brand_new")).toMatchObject({ word: "Brand new", tone: "idle" });
});

it("finds what is wrong with a field", () => {
  const problem = new Problem({
    title: "Invalid",
    status: 422,
    errors: [
      { path: "$.sourceIds[3]", message: "too long" },
      { path: "$.retry.base", message: "too small" },
    ],
  });
  expect(errorsByField(problem)).toMatchObject({ sourceIds: "too long", "retry.base": "too small" });
  expect(errorsByField(problem, { sourceIds: "ids" })).toMatchObject({ ids: "too long" });
  expect(problem.without((path) => fieldOf(path) === "retry")?.errors).toHaveLength(1);
  expect(problem.without(() => true)).toBeUndefined();
  expect([fieldOf("$"), fieldOf("query.limit"), fieldOf("$.a.b")]).toEqual(["", "query", "a"]);
});

it("says honestly how fresh a page is", () => {
  const health = { streams: 1, worst: "live", heardAt: 100_000, paused: false } as const;
  expect(chipOf(health, 0, 103_000)).toEqual({ tone: "good", text: "Live, 3 s ago" });
  expect(chipOf(health, 0, 114_000)).toEqual({ tone: "warn", text: "Live, last word 14 s ago" });
  expect(chipOf({ ...health, worst: "reconnecting" }, 0, 114_000).text).toBe("Reconnecting, last word 14 s ago");
  expect(chipOf({ ...health, streams: 0 }, 90_000, 114_000)).toEqual({ tone: "idle", text: "As of 24 s ago" });
});

it("shortens an ID in the middle, and a short one not at all", () => {
  expect(shorten("01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d")).toBe("01996f4e…3c1a2b3d");
  expect(shorten("A-1001")).toBe("A-1001");
});

it("names keys as the shortcuts are written", () => {
  const press = (key: string, more = {}) =>
    keyName({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  expect([press("?", { shiftKey: true }), press("X", { shiftKey: true }), press("k", { metaKey: true })]).toEqual([
    "?",
    "shift+x",
    "mod+k",
  ]);
});

it("names a place in a body as a form does", () => {
  expect(labelOf("$.batchSize")).toBe("Batch size");
  expect(labelOf("$.sourceIds[3]")).toBe("Source IDs, entry 4");
  expect(labelOf("$.config.auth.tokenUrl")).toBe("Config, auth, token URL");
  expect(labelOf("query.limit")).toBe("Limit");
  expect(labelOf("$")).toBe("");
});
