// Changes of a JSON text at one place: all else of it, blanks and digits included, stays as a person wrote it.
import { jsonLanguage } from "@codemirror/lang-json";
import { stringify } from "lossless-json";

export type Path = readonly (string | number)[];
type Node = ReturnType<typeof jsonLanguage.parser.parse>["topNode"];

const VALUES = ["Object", "Array", "String", "Number", "True", "False", "Null"];

/** A value as it stands within a line: `{ "source": "id", "target": "id" }`. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${inline(part)}`);
    return parts.length ? `{ ${parts.join(", ")} }` : "{}";
  }
  return stringify(value) ?? "null";
}

/** Puts a value at a path, and what it stands in if that is missing; undefined takes it away. */
export function set(text: string, path: Path, value: unknown): string {
  const last = path.at(-1);
  if (last === undefined) return value === undefined ? text : inline(value);
  const around = find(text, path.slice(0, -1));
  if (!around) return value === undefined ? text : set(text, path.slice(0, -1), nested(last, value));
  if (typeof last === "number") return value === undefined ? without(text, around, elements(around)[last]) : put();
  const property = members(text, around).get(last);
  if (value === undefined) return property ? without(text, around, property) : text;
  if (property) return put();
  return added(text, around, around.getChildren("Property"), `${JSON.stringify(last)}: ${inline(value)}`);

  function put(): string {
    const node = find(text, path);
    return node ? text.slice(0, node.from) + inline(value) + text.slice(node.to) : text;
  }
}

/** Adds an element at the end of a list, which is made if it is missing. */
export function append(text: string, path: Path, value: unknown): string {
  const list = find(text, path);
  if (list?.name !== "Array") return set(text, path, [value]);
  return added(text, list, elements(list), inline(value));
}

/** Moves an element of a list to another place in it. */
export function move(text: string, path: Path, from: number, to: number): string {
  const list = find(text, path);
  const nodes = list ? elements(list) : [];
  const [first, end] = [nodes[0], nodes.at(-1)];
  if (!first || !end || from === to || !nodes[from] || !nodes[to]) return text;
  const order = nodes.map((one) => text.slice(one.from, one.to));
  order.splice(to, 0, ...order.splice(from, 1));
  const between = nodes.map((one, index) => text.slice(one.to, nodes[index + 1]?.from ?? one.to));
  const moved = order.map((one, index) => one + between[index]).join("");
  return text.slice(0, first.from) + moved + text.slice(end.to);
}

function nested(name: string | number, value: unknown): unknown {
  return typeof name === "number" ? [value] : { [name]: value };
}

function find(text: string, path: Path): Node | undefined {
  let node: Node | undefined = jsonLanguage.parser.parse(text).topNode.firstChild ?? undefined;
  for (const part of path) {
    if (!node) return undefined;
    const found: Node | undefined = typeof part === "number" ? elements(node)[part] : members(text, node).get(part);
    node = typeof part === "number" ? found : found && elements(found)[0];
  }
  return node;
}

/** The values that stand in a list, or the one of a property. */
function elements(node: Node): Node[] {
  const found: Node[] = [];
  for (let at = node.firstChild; at; at = at.nextSibling) if (VALUES.includes(at.name)) found.push(at);
  return found;
}

function members(text: string, object: Node): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const property of object.getChildren("Property")) {
    const name = property.getChild("PropertyName");
    if (name) found.set(JSON.parse(text.slice(name.from, name.to)) as string, property);
  }
  return found;
}

/** Puts a part behind the last one of a list or an object, on a line of its own where the others have theirs. */
function added(text: string, around: Node, parts: readonly Node[], part: string): string {
  const last = parts.at(-1);
  if (last) {
    const before = parts.at(-2)?.to ?? around.from;
    const blank = /\s*$/.exec(text.slice(before, last.from))?.[0] ?? "";
    const apart = blank || (parts.length > 1 || around.name === "Object" ? "" : " ");
    return `${text.slice(0, last.to)},${apart}${part}${text.slice(last.to)}`;
  }
  const line = text.slice(text.lastIndexOf("\n", around.from) + 1);
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  const inner = text.includes("\n") ? [`\n${indent}  `, `\n${indent}`] : [" ", " "];
  return text.slice(0, around.from + 1) + inner[0] + part + inner[1] + text.slice(around.to - 1);
}

/** Takes a part out, with the comma that it needs no more. */
function without(text: string, around: Node, part: Node | undefined): string {
  if (!part) return text;
  const parts = around.name === "Array" ? elements(around) : around.getChildren("Property");
  const place = parts.findIndex((one) => one.from === part.from);
  const [before, after] = [parts[place - 1], parts[place + 1]];
  if (before) return text.slice(0, before.to) + text.slice(part.to);
  if (after) return text.slice(0, part.from) + text.slice(after.from);
  return text.slice(0, around.from + 1) + text.slice(around.to - 1);
}
