// A mapping as a table. The document's text is the only model: the table is read from it, and every change of the table
// is a change of the text.
import { parsePayload } from "~/api/lossless";
import { chainText, type Step } from "./chain";
import { append, move, set } from "./edits";

export type Part = "normalization" | "transformation";
export type Field = Record<string, unknown>;

/** A field of one part, and where it stands in the part's list. */
export interface Placed {
  index: number;
  field: Field;
}

/**
 * One line of the table:
 *
 * - `sent`: a target field, with the field that reads what it is made of, where there is one;
 * - `fixed`: a target field with a fixed value;
 * - `kept`: what is read and not sent;
 * - `odd`: something in a list of fields that is none: only the JSON can say it.
 */
export interface Row {
  id: string;
  kind: "sent" | "fixed" | "kept" | "odd";
  read?: Placed | undefined;
  send?: Placed | undefined;
  /** The paths of the document that it shows. */
  paths: string[];
}

export interface Table {
  document: Field;
  rows: Row[];
}

const isObject = (value: unknown): value is Field =>
  value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;

/** The table of a mapping's text; undefined while that is no JSON object. */
export function tableOf(text: string): Table | undefined {
  try {
    const document = parsePayload(text);
    return isObject(document) ? { document, rows: rowsOf(document) } : undefined;
  } catch {
    return undefined;
  }
}

/** A block of the document, such as `extraction`; empty where there is none. */
export function block(document: Field, name: string): Field {
  const found = document[name];
  return isObject(found) ? found : {};
}

/** The text at a name; "" where it is none. */
export function textAt(field: Field | undefined, name: string): string {
  const value = field?.[name];
  return typeof value === "string" ? value : "";
}

function rowsOf(document: Field): Row[] {
  const reads = listOf(document, "normalization", "fields");
  const sends = listOf(document, "transformation", "fields");
  const fixed = listOf(document, "transformation", "static");
  const used = new Set<number>();
  const rows = sends.map(({ index, field }): Row => {
    const path = `$.transformation.fields[${index}]`;
    if (!isObject(field)) return { id: path, kind: "odd", paths: [path] };
    const read = makerOf(textAt(field, "source"), reads);
    if (read) used.add(read.index);
    const paths = read ? [path, `$.normalization.fields[${read.index}]`] : [path];
    return { id: path, kind: "sent", send: { index, field }, read, paths };
  });
  for (const { index, field } of fixed) {
    const path = `$.transformation.static[${index}]`;
    rows.push(
      isObject(field)
        ? { id: path, kind: "fixed", send: { index, field }, paths: [path] }
        : { id: path, kind: "odd", paths: [path] },
    );
  }
  for (const { index, field } of reads) {
    const path = `$.normalization.fields[${index}]`;
    if (!isObject(field)) rows.push({ id: path, kind: "odd", paths: [path] });
    else if (!used.has(index)) rows.push({ id: path, kind: "kept", read: { index, field }, paths: [path] });
  }
  return rows;
}

function listOf(document: Field, part: string, name: string): { index: number; field: unknown }[] {
  const list = block(document, part)[name];
  return Array.isArray(list) ? list.map((field, index) => ({ index, field })) : [];
}

/** The field that writes a canonical path, or what the path leads into. */
function makerOf(path: string, reads: readonly { index: number; field: unknown }[]): Placed | undefined {
  const made = reads.filter((one): one is Placed => isObject(one.field));
  const within = ({ field }: Placed) => {
    const target = textAt(field, "target");
    return target !== "" && (path.startsWith(`${target}.`) || path.startsWith(`${target}[`));
  };
  return made.find(({ field }) => textAt(field, "target") === path) ?? made.find(within);
}

/** Whether a row sends exactly what its raw field writes, or sends nothing. */
export function isDirect({ read, send }: Row): boolean {
  return !send || textAt(read?.field, "target") === textAt(send.field, "source");
}

/** The canonical path that a row sends, or that it writes where it sends none. */
export function canonicalOf({ read, send }: Row): string {
  return send ? textAt(send.field, "source") : textAt(read?.field, "target");
}

const listPath = (row: Row): [string, string] | undefined => {
  if (row.kind === "sent") return ["transformation", "fields"];
  if (row.kind === "fixed") return ["transformation", "static"];
  return row.kind === "kept" ? ["normalization", "fields"] : undefined;
};

const place = (row: Row) => (row.kind === "kept" ? row.read?.index : row.send?.index) ?? -1;

/** Changes one property of a field, or of a fixed value; undefined takes it away. */
export function withProperty(text: string, row: Row, part: Part, name: string, value: unknown): string {
  if (part === "normalization") {
    return row.read ? set(text, ["normalization", "fields", row.read.index, name], value) : text;
  }
  const list = row.kind === "fixed" ? "static" : "fields";
  return row.send ? set(text, ["transformation", list, row.send.index, name], value) : text;
}

/** Changes the transformers of a field. */
export function withChain(text: string, row: Row, part: Part, steps: readonly Step[]): string {
  const { transform, options } = chainText(steps);
  const changed = withProperty(text, row, part, "transform", transform);
  return withProperty(changed, row, part, "options", options);
}

/** Lets a row read another raw field: its own reads it, or a new one does that makes what the row sends. */
export function withSource(text: string, row: Row, source: string): string {
  if (row.read) return withProperty(text, row, "normalization", "source", source);
  const target = textAt(row.send?.field, "source");
  return append(text, ["normalization", "fields"], { source, target: target || source });
}

/**
 * Gives what a row reads another canonical name, wherever that is sent; a name that another field makes already is what
 * the row sends from now on.
 */
export function withCanonical(text: string, table: Table, row: Row, name: string): string {
  const others = table.rows.filter((other) => other.read && other.read.index !== row.read?.index);
  const taken = others.some((other) => textAt(other.read?.field, "target") === name);
  if (row.kind === "kept") return withProperty(text, row, "normalization", "target", name);
  if (!row.read || !isDirect(row) || taken) return withProperty(text, row, "transformation", "source", name);
  const same = table.rows.filter((other) => other.send && other.read?.index === row.read?.index && isDirect(other));
  const renamed = withProperty(text, row, "normalization", "target", name);
  return same.reduce((changed, other) => withProperty(changed, other, "transformation", "source", name), renamed);
}

/** What a new row sends, and how that is read. */
export interface Proposal {
  source: string;
  canonical: string;
  target: string;
  type?: string | undefined;
}

/** Adds a target field with what it is made of; without a target it is read only. */
export function withRow(text: string, { source, canonical, target, type }: Proposal): string {
  const known = tableOf(text)?.rows.some((row) => textAt(row.read?.field, "target") === canonical) ?? false;
  const read = { source, target: canonical, ...(type && type !== "string" ? { type } : {}) };
  const changed = known ? text : append(text, ["normalization", "fields"], read);
  return target ? append(changed, ["transformation", "fields"], { source: canonical, target }) : changed;
}

/** Adds a target field with a fixed value. */
export function withFixed(text: string, target: string, value: unknown): string {
  return append(text, ["transformation", "static"], { target, value });
}

/** Takes a row away, and the field that reads for it where no other row needs that. */
export function withoutRow(text: string, table: Table, row: Row): string {
  const list = listPath(row);
  if (!list) return text;
  let changed = set(text, [...list, place(row)], undefined);
  const shared = table.rows.some((other) => other.id !== row.id && other.read?.index === row.read?.index);
  if (row.kind === "sent" && row.read && !shared) {
    changed = set(changed, ["normalization", "fields", row.read.index], undefined);
  }
  return changed;
}

/** Moves a row to the place of another of its kind; elsewhere it cannot be. */
export function withMoved(text: string, row: Row, onto: Row): string {
  const list = listPath(row);
  return list && row.kind === onto.kind ? move(text, list, place(row), place(onto)) : text;
}
