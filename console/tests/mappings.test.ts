import { CompletionContext } from "@codemirror/autocomplete";
import { json } from "@codemirror/lang-json";
import { EditorState } from "@uiw/react-codemirror";
import { expect, it } from "vitest";
import { type CanonicalNode, propertiesOf, schemaOf, sourcesOf } from "~/pages/mappings/canonical";
import { type Knowledge, names, type Shape, values } from "~/pages/mappings/completion";
import { complete } from "~/pages/mappings/extensions";
import { placeOf, placesOf } from "~/pages/mappings/places";

const TEXT = `{
  "entityType": "item",
  "transformation": {
    "fields": [
      { "source": "a", "target": "b" },
      { "source": "c", "when": { "field": "x" } }
    ],
    "static": [1.10, "say \\"hi\\""]
  }
}`;

function lineAt(path: string): string {
  const { from } = placeOf(placesOf(TEXT), path);
  return TEXT.slice(0, from).split("\n").length.toString();
}

it("finds a path's line, as the server names it", () => {
  expect(["$.entityType", "$.transformation.fields[1]", "$.transformation.fields[1].when.field"].map(lineAt)).toEqual([
    "2",
    "6",
    "6",
  ]);
});

it("finds what a missing thing would stand in", () => {
  expect(lineAt("$.transformation.matchKey")).toBe("3");
  expect(lineAt("$.transformation.fields[9].target")).toBe("4");
  expect(placeOf(placesOf(TEXT), "$").from).toBe(0);
});

it("keeps the places before a mistake in the text", () => {
  const places = placesOf('{ "a": 1, "b": [true, }');
  expect(places.has("$.a")).toBe(true);
  expect(placesOf("").size).toBe(0);
});

const SHAPE: Shape = {
  $defs: {
    Field: { properties: { source: { type: "string" }, type: { enum: ["string", "int"] } }, required: ["source"] },
    Part: {
      properties: { fields: { items: { $ref: "#/$defs/Field" } }, only: { anyOf: [{ $ref: "#/$defs/Field" }] } },
    },
  },
  properties: { normalization: { $ref: "#/$defs/Part" } },
};
const KNOWN: Knowledge = { shape: SHAPE, transformers: { lookup: ["default", "map"], trim: [] } };

it("completes names that are not there yet, and words of closed sets", () => {
  const at = ["normalization", "fields", 0];
  expect(names(KNOWN, at, ["type"])).toEqual([{ label: "source", detail: "required" }]);
  expect(names(KNOWN, ["normalization", "only"], []).map((one) => one.label)).toEqual(["source", "type"]);
  expect(values(KNOWN, [...at, "type"]).map((one) => one.label)).toEqual(["string", "int"]);
  expect(names(KNOWN, ["nowhere"], [])).toEqual([]);
});

it("knows transformers and their options", () => {
  const at = ["normalization", "fields", 0];
  expect(values(KNOWN, [...at, "transform", 0]).map((one) => one.label)).toEqual(["lookup", "trim"]);
  expect(names(KNOWN, [...at, "options"], ["map"])).toEqual([{ label: "default", detail: "of lookup" }]);
  expect(names(KNOWN, [...at, "transform", 0], []).map((one) => one.label)).toEqual(["lookup", "trim"]);
  expect(names(KNOWN, [...at, "transform", 0, "Lookup"], ["map"])).toEqual([{ label: "default", detail: "of lookup" }]);
});

function completed(text: string): string[] | undefined {
  const pos = text.indexOf("|");
  const state = EditorState.create({ doc: text.replace("|", ""), extensions: [json()] });
  const found = complete(KNOWN, new CompletionContext(state, pos, false));
  return found?.options.map((one) => one.displayLabel ?? one.label);
}

it("completes at the cursor, also while the text is not whole", () => {
  const before = '{ "normalization": { "fields": [ { "source": "a", ';
  expect(completed(`${before}"t|" } ] } }`)).toEqual(["type"]);
  expect(completed(`${before}"t|""type": "int" } ] } }`)).toEqual(["type"]);
  expect(completed(`${before}"t|`)).toEqual(["type"]);
  expect(completed(`${before}"type": "|" } ] } }`)).toEqual(["string", "int"]);
  expect(completed(`${before}"transform": ["|"] } ] } }`)).toEqual(["lookup", "trim"]);
  expect(completed(`${before}"transform": "tr|" } ] } }`)).toEqual(["lookup", "trim"]);
  expect(completed('{ "|" }')).toEqual(["normalization"]);
});

const ORDER: CanonicalNode = {
  type: "object",
  required: ["id", "lines"],
  properties: {
    id: { type: "string", description: "ID." },
    total: { type: ["number", "null"], description: "All.", "x-unit": "`currency`", "x-systems": { Wix: "total" } },
    status: { type: ["string", "null"], enum: ["open", "closed", null], description: "Where it stands." },
    at: { type: ["string", "null"], format: "date-time" },
    tags: { type: ["array", "null"], items: { type: "string" }, description: "Words." },
    lines: {
      type: "array",
      items: { type: "object", required: ["sku"], properties: { sku: { type: "string" } } },
    },
    address: { type: ["object", "null"], properties: { city: { type: ["string", "null"] } } },
  },
};

it("lists the properties of a canonical schema as fields write them", () => {
  const found = propertiesOf(ORDER);
  expect(found.map(({ path, type, required }) => `${path} ${type}${required ? "!" : ""}`)).toEqual([
    "id string!",
    "total decimal",
    "status string",
    "at datetime",
    "tags array",
    "tags[] string",
    "lines array!",
    "lines[].sku string!",
    "address object",
    "address.city string",
  ]);
  expect(found[1]).toMatchObject({ meaning: "All. In currency.", systems: [["Wix", "total"]] });
  expect(found[2]?.meaning).toBe("Where it stands. One of open, closed.");
});

it("knows which schema a mapping names, or else its entity type's", () => {
  const names = ["item", "order"];
  expect(schemaOf('{"entityType": " Item "}', names)).toEqual({ name: "item", checked: false });
  expect(schemaOf('{"entityType": "product", "normalization": {"schema": "item"}}', names)).toEqual({
    name: "item",
    checked: true,
  });
  expect(schemaOf('{"entityType": "product"}', names)).toBeUndefined();
  expect(schemaOf("{", names)).toBeUndefined();
});

it("knows which raw field writes a property", () => {
  const text = '{"normalization": {"fields": [{"source": "Nr", "target": "id"}, {}]}}';
  expect(sourcesOf(text).get("id")).toBe("Nr");
  expect(sourcesOf("{").size).toBe(0);
});

it("completes tables, columns and fields of the systems where each belongs", () => {
  const named = (label: string) => [{ label }];
  const systems = {
    sourceTables: named("erp.items"),
    targetTables: named("shop.items"),
    columns: named("Code"),
    fields: named("title"),
    made: named("sku"),
  };
  const at = (...path: (string | number)[]) => values({ ...KNOWN, systems }, path).map((one) => one.label);
  expect(at("extraction", "table")).toEqual(["erp.items"]);
  expect(at("transformation", "target", "table")).toEqual(["shop.items"]);
  for (const path of [
    ["extraction", "idColumn"],
    ["extraction", "columns", 0],
    ["extraction", "filters", 0, "field"],
  ]) {
    expect(at(...path)).toEqual(["Code"]);
  }
  expect(at("normalization", "fields", 0, "source")).toEqual(["Code"]);
  expect(at("transformation", "fields", 0, "target")).toEqual(["title"]);
  expect(at("transformation", "fields", 0, "when", "all", 0, "field")).toEqual(["sku"]);
  expect(values(KNOWN, ["extraction", "table"])).toEqual([]);
});

it("completes canonical properties as targets of the normalization", () => {
  const known = { ...KNOWN, canonical: propertiesOf(ORDER) };
  const suggested = (text: string) => {
    const pos = text.indexOf("|");
    const state = EditorState.create({ doc: text.replace("|", ""), extensions: [json()] });
    return complete(known, new CompletionContext(state, pos, false))?.options.map((one) => one.displayLabel);
  };
  const before = '{ "normalization": { "fields": [ { "source": "a", "target": ';
  expect(suggested(`${before}"li|" } ] } }`)).toContain("lines[].sku");
  expect(suggested(`${before}"lines[].|" } ] } }`)).toContain("lines[].sku");
  expect(suggested('{ "transformation": { "fields": [ { "target": "|" } ] } }')).toBeUndefined();
});
