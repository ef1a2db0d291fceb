import { beforeEach, expect, it, vi } from "vitest";
import { draftKey, dropDraft, keepDraft, readDraft } from "~/state/drafts";

const keyOf = (name: string) => draftKey("default", "anna", "profile", name);
const draft = (at: number) => ({ at, version: '"1"', base: { name: "a" }, values: { name: "b" } });

beforeEach(() => localStorage.clear());

it("is kept by tenant, person and object, until it is dropped", () => {
  expect(keepDraft(keyOf("shop"), draft(1))).toBe(true);
  expect(readDraft(keyOf("shop"))).toEqual(draft(1));
  expect(readDraft(draftKey("other", "anna", "profile", "shop"))).toBeNull();
  expect(readDraft(draftKey("default", "bert", "profile", "shop"))).toBeNull();
  dropDraft(keyOf("shop"));
  expect(readDraft(keyOf("shop"))).toBeNull();
});

it("makes room: of more than fifty the one changed longest ago goes, and nothing but drafts", () => {
  localStorage.setItem("syncline.zone", "utc");
  for (let at = 1; at <= 51; at++) keepDraft(keyOf(`${at}`), draft(at === 2 ? 0 : at));
  expect(localStorage.length).toBe(51);
  expect([readDraft(keyOf("2")), readDraft(keyOf("1"))?.at, localStorage.getItem("syncline.zone")]).toEqual([
    null,
    1,
    "utc",
  ]);
});

it("says where the browser keeps nothing, and leaves no older text behind", () => {
  const gone: string[] = [];
  const refuse = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const full = { getItem: () => "{}", removeItem: (key: string) => gone.push(key), setItem: refuse };
  vi.stubGlobal("localStorage", full);
  expect(keepDraft(keyOf("shop"), draft(2))).toBe(false);
  vi.unstubAllGlobals();
  expect(gone).toEqual([keyOf("shop")]);
});
