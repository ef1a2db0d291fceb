import { expect, it } from "vitest";
import { links } from "~/app/links";
import {
  addressOf,
  choice,
  list,
  parseSearch,
  readAll,
  several,
  stringifySearch,
  text,
  whole,
  withoutInitial,
} from "~/state/url";

const params = {
  q: text(),
  state: several(["failed", "succeeded"]),
  view: choice(["groups", "entries"]),
  limit: whole(1),
  ids: list(),
};
const INITIAL = { q: "", state: "all", view: "groups", limit: undefined, ids: [] };

it("reads nothing as the initial values", () => {
  expect(readAll(params, {})).toEqual(INITIAL);
});

it("reads nonsense as not set", () => {
  expect(readAll(params, { state: "lost", view: "map", limit: "-3" })).toEqual(INITIAL);
});

it("comes back the same through an address, and through the router's own reading of values", () => {
  const values = { q: "a&b=ü", state: ["succeeded"] as const, view: "entries" as const, limit: 50, ids: ["1", "002"] };
  expect(readAll(params, parseSearch(stringifySearch(values)))).toEqual(values);
  expect(readAll(params, values)).toEqual(values);
});

it("shows in an address what is not initial, and leaves alone what it does not know", () => {
  const shown = withoutInitial(params, { ...INITIAL, view: "entries", ids: ["1"], mine: "1" });
  expect(shown).toEqual({ view: "entries", ids: ["1"], mine: "1" });
  expect(stringifySearch(INITIAL)).toBe("?state=all&view=groups");
  expect(stringifySearch(withoutInitial(params, INITIAL))).toBe("");
});

it("leaves an ID of digits a text", () => {
  expect(parseSearch("?q=23958446825181076828").q).toBe("23958446825181076828");
});

it("writes links that the pages read", () => {
  expect(links.runs({ state: ["failed", "partial_success"], range: "day" })).toBe(
    "/runs?state=failed%2Cpartial_success&range=day",
  );
  expect(links.record("A/1?", { run: "$&" })).toBe("/records/A%2F1%3F?run=%24%26");
});

it("makes an address of the API without what is not set", () => {
  const query = { state: ["failed", "queued"], id: "", mode: undefined, instance: "a&b" };
  expect(addressOf("/api/v1/runs/export", query)).toBe("/api/v1/runs/export?state=failed&state=queued&instance=a%26b");
});
