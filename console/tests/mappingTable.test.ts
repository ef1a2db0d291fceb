import { expect, it } from "vitest";
import { parsePayload } from "~/api/lossless";
import { chainOf, chainText } from "~/pages/mappings/table/chain";
import { append, inline, move, set } from "~/pages/mappings/table/edits";
import { proposals } from "~/pages/mappings/table/proposals";
import {
  type Row,
  type Table,
  tableOf,
  textAt,
  withCanonical,
  withChain,
  withFixed,
  withMoved,
  withoutRow,
  withProperty,
  withRow,
  withSource,
} from "~/pages/mappings/table/rows";
import { shortText, valueAt } from "~/pages/mappings/table/values";

const TEXT = `{
  "entityType": "item",
  "extraction": { "table": "items", "idColumn": "id", "lookback": "PT5M" },
  "normalization": {
    "fields": [
      { "source": "id", "target": "sku", "required": true },
      { "source": "price", "target": "price", "type": "decimal", "default": 1.10 },
      {"source":"lines","target":"lines","type":"array"},
      { "source": "note", "target": "note" }
    ]
  },
  "transformation": {
    "matchKey": "sku",
    "fields": [
      { "source": "sku", "target": "sku" },
      { "source": "price", "target": "price", "transform": "formatDecimal", "options": { "decimals": 2 } },
      { "source": "lines[].qty", "target": "items[].quantity", "plugIn": { "deep": [1, 2.50] } },
      { "source": "nowhere", "target": "other" }
    ],
    "static": [{ "target": "origin", "value": 23958446825181076828 }],
    "target": {}
  }
}
`;

const table = (text: string): Table => tableOf(text) as Table;
const row = (text: string, target: string): Row =>
  table(text).rows.find((one) => textAt(one.send?.field, "target") === target) as Row;
const seen = (text: string) =>
  table(text).rows.map(({ kind, read, send }) =>
    [kind, textAt(read?.field, "source"), textAt(read?.field, "target"), textAt(send?.field, "target")].join(" "),
  );

it("reads target fields with the columns that they are made of", () => {
  expect(seen(TEXT)).toEqual([
    "sent id sku sku",
    "sent price price price",
    "sent lines lines items[].quantity",
    "sent   other",
    "fixed   origin",
    "kept note note ",
  ]);
  expect(row(TEXT, "price").paths).toEqual(["$.transformation.fields[1]", "$.normalization.fields[1]"]);
});

it("has no table of a text that is no JSON object, and shows what is no field", () => {
  expect(["{", "", "[]", '"x"'].map(tableOf)).toEqual([undefined, undefined, undefined, undefined]);
  expect(seen("{}")).toEqual([]);
  expect(seen('{"normalization": {"fields": ["x"]}, "transformation": {"static": [4], "fields": {}}}')).toEqual([
    "odd   ",
    "odd   ",
  ]);
});

it("changes one place and leaves every other character as it was", () => {
  const changed = withProperty(TEXT, row(TEXT, "price"), "normalization", "source", "AvgPrice");
  expect(changed).toBe(
    TEXT.replace('"source": "price", "target": "price", "type"', '"source": "AvgPrice", "target": "price", "type"'),
  );
  expect(withProperty(changed, row(changed, "price"), "normalization", "source", "price")).toBe(TEXT);
  const ruled = withProperty(TEXT, row(TEXT, "sku"), "transformation", "when", { field: "sku", op: "ne", value: "x" });
  expect(ruled).toContain(
    '{ "source": "sku", "target": "sku", "when": { "field": "sku", "op": "ne", "value": "x" } },\n',
  );
  expect(withProperty(ruled, row(ruled, "sku"), "transformation", "when", undefined)).toBe(TEXT);
});

it("renames a canonical property in all that reads it", () => {
  const twice = withRow(TEXT, { source: "id", canonical: "sku", target: "code" });
  expect(table(twice).rows.filter((one) => one.read?.index === 0)).toHaveLength(2);
  const renamed = withCanonical(twice, table(twice), row(twice, "code"), "number");
  expect(seen(renamed).filter((one) => one.includes("number"))).toEqual(["sent id number sku", "sent id number code"]);
  const part = withCanonical(TEXT, table(TEXT), row(TEXT, "items[].quantity"), "lines[].n");
  expect(seen(part)).toContain("sent lines lines items[].quantity");
});

it("adds, takes away and moves rows", () => {
  const text = withRow(TEXT, { source: "weight", canonical: "weight", target: "size.weight", type: "decimal" });
  expect(text).toContain('{ "source": "weight", "target": "weight", "type": "decimal" }\n');
  expect(seen(text)).toContain("sent weight weight size.weight");
  expect(withoutRow(text, table(text), row(text, "size.weight"))).toBe(TEXT);
  const kept = table(TEXT).rows.at(-1) as Row;
  expect(seen(withoutRow(TEXT, table(TEXT), kept))).not.toContain("kept note note ");
  const moved = withMoved(TEXT, row(TEXT, "other"), row(TEXT, "sku"));
  expect(seen(moved).map((one) => one.split(" ")[3])).toEqual([
    "other",
    "sku",
    "price",
    "items[].quantity",
    "origin",
    "",
  ]);
  expect(withMoved(moved, row(moved, "other"), table(moved).rows[3] as Row)).toBe(TEXT);
  expect(withMoved(TEXT, row(TEXT, "sku"), row(TEXT, "origin"))).toBe(TEXT);
  const fixed = withFixed("{}", "origin", "erp");
  expect(parsePayload(fixed)).toEqual({ transformation: { static: [{ target: "origin", value: "erp" }] } });
  expect(seen(withSource(TEXT, row(TEXT, "other"), "B"))).toContain("sent B nowhere other");
});

it("reads transformers however they are written, and writes them in one way", () => {
  const replace = { search: ",", replace: "." };
  const both = [
    { name: "trim", options: {} },
    { name: "replace", options: replace },
  ];
  expect(chainOf({ transform: ["trim", { replace }] })).toEqual(both);
  expect(chainOf({ transform: ["trim", "replace"], options: { Replace: replace } })).toEqual(both);
  expect(chainOf({ transform: "replace", options: replace })).toEqual(both.slice(1));
  expect(chainOf({ transform: [{ a: {}, b: {} }] })).toBeUndefined();
  expect(chainOf({})).toEqual([]);
  for (const steps of [[], both, both.slice(1)]) expect(chainOf(chainText(steps))).toEqual(steps);
  const text = withChain(TEXT, row(TEXT, "price"), "transformation", both);
  expect(row(text, "price").send?.field).not.toHaveProperty("options");
  expect(withChain(text, row(text, "price"), "transformation", []).match(/transform"/g)).toBeNull();
});

/** The same numbers every time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const LAYOUTS = [
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => JSON.stringify(value, null, 2),
  (value: unknown) => JSON.stringify(value, null, "\t"),
  (value: unknown) => inline(value),
];

function drawn(pick: (below: number) => number): Record<string, unknown> {
  const names = ["a", "b", "c.d", "e[].f", 'g"{[', "ü"];
  const name = () => names[pick(names.length)] as string;
  const value = () => [null, 1, "x, y", [], {}, [1, { z: [] }], true][pick(7)];
  const field = () => ({ source: name(), target: name(), ...(pick(2) ? { more: value(), [name()]: value() } : {}) });
  const list = (one: () => unknown) => Array.from({ length: pick(5) }, one);
  return {
    first: value(),
    ...(pick(4) ? { normalization: { fields: list(field), ...(pick(2) ? { schema: "x" } : {}) } } : {}),
    ...(pick(4)
      ? { transformation: { fields: list(field), static: list(() => ({ target: name(), value: value() })) } }
      : {}),
    last: value(),
  };
}

it("keeps table and document equal, whatever is changed in whichever layout", () => {
  for (let seed = 0; seed < 60; seed++) {
    const pick = random(seed);
    const document = drawn(pick);
    let text = (LAYOUTS[seed % 4] as (value: unknown) => string)(document);
    const plain = () => JSON.parse(text) as Record<string, never>;
    for (let step = 0; step < 6; step++) {
      const { rows } = table(text);
      const before = plain();
      const one = rows[pick(rows.length || 1)];
      const other = rows[pick(rows.length || 1)];
      const what = pick(5);
      if (!one || !other) text = withRow(text, { source: "s", canonical: "k", target: "t" });
      else if (what === 0) text = withoutRow(text, table(text), one);
      else if (what === 1) text = withMoved(text, one, other);
      else if (what === 2) text = withFixed(text, "new", [1, { deep: "x" }]);
      else if (what === 3)
        text = withProperty(text, one, "transformation", "when", pick(2) ? { field: "q" } : undefined);
      else text = withRow(text, { source: "s", canonical: `k${step}`, target: `t${step}` });
      const after = plain();
      expect([after.first, after.last]).toEqual([before.first, before.last]);
      if (what === 1 && one && other) {
        const ids = (all: Row[]) => all.map((r) => JSON.stringify(r.send?.field ?? r.read?.field)).sort();
        expect(ids(table(text).rows).length).toBe(ids(rows).length);
      }
      if (what === 2 && one && other) expect(table(text).rows.length).toBe(rows.length + 1);
    }
    // Written anew from its rows, the table is the same.
    const { rows } = table(text);
    let again = LAYOUTS[(seed + 1) % 4]?.(set("{}", [], plain()) && JSON.parse(text)) as string;
    for (const row of rows.filter(({ send }) => send)) {
      again = withProperty(again, row, "transformation", "target", textAt(row.send?.field, "target"));
    }
    expect(table(again).rows.map(({ kind, paths }) => [kind, paths])).toEqual(
      rows.map(({ kind, paths }) => [kind, paths]),
    );
    expect(JSON.parse(again)).toEqual(plain());
  }
});

it("edits a text as the same change of the value would", () => {
  for (let seed = 0; seed < 60; seed++) {
    const pick = random(seed);
    const document = drawn(pick) as { first: unknown; extra?: unknown; list?: number[] };
    document.list = [1, 2, 3].slice(0, pick(4));
    const text = (LAYOUTS[seed % 4] as (value: unknown) => string)(document);
    expect(JSON.parse(set(text, ["first"], { a: [1] }))).toEqual({ ...document, first: { a: [1] } });
    const { first: _, ...rest } = document;
    expect(JSON.parse(set(text, ["first"], undefined))).toEqual(rest);
    expect(JSON.parse(set(text, ["deep", "er"], 1))).toEqual({ ...document, deep: { er: 1 } });
    expect(JSON.parse(append(text, ["list"], { x: 1 })).list).toEqual([...document.list, { x: 1 }]);
    const [from, to] = [pick(3), pick(3)];
    if (from < document.list.length && to < document.list.length) {
      const moved = [...document.list];
      moved.splice(to, 0, ...moved.splice(from, 1));
      expect(JSON.parse(move(text, ["list"], from, to)).list).toEqual(moved);
    }
  }
});

it("shows the value at a path, its digits as they are", () => {
  const record = parsePayload('{"a": {"b": 1.10}, "l": [{"n": 1}, {"n": 2}], "x.y": 3, "Qty [pcs]": 4, "t": []}');
  const at = (path: string) => shortText(valueAt(record, path));
  expect(["a.b", "l[].n", "l[1].n", "x.y", '["Qty [pcs]"]', "t[0]", "no.where", "t"].map(at)).toEqual([
    "1.10",
    "[ 1, 2 ]",
    "2",
    "3",
    "4",
    "",
    "",
    "[]",
  ]);
});

it("proposes rows of one name, or of names of one canonical property", () => {
  const canonical = [
    {
      path: "sku",
      type: "string",
      required: true,
      meaning: "",
      systems: [["SAP", "ItemCode / OITM.ItemCode"]] as [string, string][],
    },
    { path: "cost", type: "decimal", required: false, meaning: "", systems: [] },
  ];
  const field = (name: string, type: string) => ({ name, type, everywhere: true });
  const source = [
    field("ItemCode", "varchar(20)"),
    field("COST", "numeric"),
    field("Odd.Name", "int4"),
    field("id", "text"),
  ];
  const asked = { source, canonical, target: [field("sku", "text"), field("cost", "text"), field("odd_name", "text")] };
  expect(proposals(asked, table(TEXT))).toEqual([
    { source: "COST", canonical: "cost", target: "cost", type: "decimal" },
    { source: '["Odd.Name"]', canonical: '["Odd.Name"]', target: "odd_name", type: "int" },
  ]);
  expect(proposals({ ...asked, target: null }, table("{}")).map((one) => one.target)).toEqual([
    "sku",
    "cost",
    '["Odd.Name"]',
    "id",
  ]);
});
