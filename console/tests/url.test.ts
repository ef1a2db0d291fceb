import { expect, it } from "vitest";
import { choice, flag, list, parseSearch, readAll, several, stringifySearch, text, whole, writeAll } from "~/state/url";

const schema = {
  q: text(),
  state: several(["failed", "succeeded"] as const, ["failed"]),
  view: choice(["groups", "entries"]),
  limit: whole(1),
  ids: list(),
  mine: flag(),
};

it("reads nothing as the defaults", () => {
  expect(readAll(schema, {})).toEqual({
    q: "",
    state: ["failed"],
    view: "groups",
    limit: undefined,
    ids: [],
    mine: false,
  });
});

it("keeps `all` apart from not set", () => {
  const search = writeAll(schema, {}, { state: "all" });
  expect(search.state).toBe("all");
  expect(readAll(schema, search).state).toBe("all");
  expect(writeAll(schema, search, { state: ["failed"] }).state).toBeUndefined();
});

it("reads nonsense as not set", () => {
  const values = readAll(schema, { state: "lost", view: "map", limit: "-3", mine: "yes" });
  expect(values).toMatchObject({ state: ["failed"], view: "groups", limit: undefined, mine: false });
});

it("comes back the same through an address", () => {
  const values = {
    q: "a&b=ü",
    state: ["succeeded"] as const,
    view: "entries" as const,
    limit: 50,
    ids: ["1", "002"],
    mine: true,
  };
  const address = stringifySearch(writeAll(schema, {}, values));
  expect(readAll(schema, parseSearch(address))).toEqual(values);
});

it("leaves an ID of digits a text", () => {
  expect(parseSearch("?q=23958446825181076828").q).toBe("23958446825181076828");
});

it("leaves parameters alone that it does not know", () => {
  expect(writeAll(schema, { tz: "utc" }, { q: "x" })).toMatchObject({ tz: "utc", q: "x" });
});
