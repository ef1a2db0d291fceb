import { expect, it } from "vitest";
import { arranged, boundWidth, initialLayout, layoutOf, moved, NARROWEST, readLayout } from "~/components/layout";
import { directionOf, nextSort, sortOf } from "~/components/sort";
import { NO_VIEWS, readViews, refusedName, viewOf, withName, withoutView, withView } from "~/state/views";

const columns = [
  { id: "name", sort: "name" },
  { id: "failed", sort: "-failed" },
  { id: "rate", hidden: true },
];
const ids = (order: string[]) => arranged(columns, order).map((column) => column.id);
const initial = initialLayout(columns);

it("asks a list for no order that it does not have", () => {
  expect(["failed", "-failed", "rate", "-id", ""].map((asked) => sortOf(asked, columns))).toEqual([
    "failed",
    "-failed",
    "",
    "",
    "",
  ]);
});

it("sorts by a column, turns it round, and goes back to the list's own order", () => {
  const clicks = ["", "-failed", "failed"].map((now) => nextSort(now, "-failed"));
  expect(clicks).toEqual(["-failed", "failed", ""]);
  expect(nextSort("name", "-failed")).toBe("-failed");
});

it("says how a list is sorted, at the column that it is sorted by", () => {
  expect(columns.map((column) => directionOf("-failed", column))).toEqual([undefined, "descending", undefined]);
  expect(directionOf("failed", { sort: "-failed" })).toBe("ascending");
});

it("puts columns where they were moved, and new ones behind those that they follow", () => {
  expect(ids([])).toEqual(["name", "failed", "rate"]);
  expect(ids(["failed", "name"])).toEqual(["failed", "rate", "name"]);
  expect(ids(["rate", "gone", "name"])).toEqual(["rate", "name", "failed"]);
  expect(moved(["a", "b", "c"], "a", "c")).toEqual(["b", "c", "a"]);
  expect(moved(["a", "b", "c"], "c", "a")).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b"], "a", "gone")).toEqual(["a", "b"]);
});

it("reads what was kept, by the release before too, and nothing of nonsense", () => {
  expect(readLayout(undefined, initial)).toEqual({ hidden: ["rate"], order: [], widths: {} });
  expect(readLayout("name,failed", initial).hidden).toEqual(["name", "failed"]);
  expect(readLayout('{"widths":{"name":90}}', initial)).toEqual({ ...initial, widths: { name: 90 } });
  expect(readLayout("{", initial)).toEqual(initial);
});

it("shows the columns of a link, and the widths of this browser", () => {
  const kept = { ...initial, widths: { name: 90 } };
  expect(layoutOf(["rate", "name", "gone"], columns, kept)).toEqual({
    hidden: ["failed"],
    order: ["rate", "name", "failed"],
    widths: { name: 90 },
  });
  expect(layoutOf(["gone"], columns, kept)).toBe(kept);
  expect([boundWidth(3), boundWidth(80.4)]).toEqual([NARROWEST, 80]);
});

it("keeps of an address what belongs to the list, in one spelling", () => {
  expect(viewOf("?sort=-failed&cursor=x&entry=1&state=failed&tz=UTC")).toBe("?sort=-failed&state=failed");
  expect(viewOf("?state=failed&sort=-failed", ["b", "a"])).toBe(
    viewOf("?columns=x&sort=-failed&state=failed", ["b", "a"]),
  );
  expect(viewOf("?cursor=x")).toBe("");
});

it("adds, changes, renames and deletes views; the first one follows its name", () => {
  const one = withView(NO_VIEWS, { name: " Night ", search: "?a=1" });
  const two = withView({ ...one, first: "Night" }, { name: "Mine", search: "?b=2" });
  expect(two.views.map((view) => view.name)).toEqual(["Mine", "Night"]);
  expect(withView(two, { name: "Night", search: "?c=3" }).views).toHaveLength(2);
  expect(withName(two, "Night", "Day")).toEqual({
    views: [
      { name: "Day", search: "?a=1" },
      { name: "Mine", search: "?b=2" },
    ],
    first: "Day",
  });
  expect(withoutView(two, "Night")).toEqual({ views: [{ name: "Mine", search: "?b=2" }], first: null });
});

it("refuses a name that is empty or taken, but not that of the view itself", () => {
  const all = withView(NO_VIEWS, { name: "Night", search: "" });
  expect([refusedName(all, " "), refusedName(all, "night "), refusedName(all, "Day")]).toEqual([
    "Give it a name",
    "There is a view of this name already",
    undefined,
  ]);
  expect(refusedName(all, "NIGHT", "Night")).toBeUndefined();
});

it("reads views that were kept, and none of nonsense", () => {
  const all = { views: [{ name: "Night", search: "?a=1" }], first: "gone" };
  expect(readViews(JSON.stringify(all))).toEqual({ ...all, first: null });
  for (const text of [undefined, "", "[]", '{"views":3}', "null"]) expect(readViews(text)).toEqual(NO_VIEWS);
});
