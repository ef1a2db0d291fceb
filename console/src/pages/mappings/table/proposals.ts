import type { Schema } from "~/api/client";
import type { CanonicalProperty } from "../canonical";
import { type Proposal, type Table, textAt } from "./rows";

type SystemField = Schema<"SystemField">;

const TYPES: [RegExp, string][] = [
  [/^(tiny|small|medium|big)?(int|serial)|^integer|^number$/i, "int"],
  [/^(numeric|decimal|real|float|double|money|smallmoney)/i, "decimal"],
  [/^bool|^bit$/i, "bool"],
  [/^(timestamp|datetime)/i, "datetime"],
  [/^date$/i, "date"],
  [/^(json|object)/i, "object"],
  [/^(array|list)|\[\]$/i, "array"],
];

/** The type of a canonical property that takes a column of this type. */
export function typeOf(column: string): string {
  return TYPES.find(([pattern]) => pattern.test(column))?.[1] ?? "string";
}

/** The type between two systems: a column of text, as all are of a file, becomes what the target field takes. */
function between(column: SystemField, field: SystemField | undefined): string {
  const type = typeOf(column.type);
  return type === "string" && field ? typeOf(field.type) : type;
}

/** Names that differ in case, blanks and dashes alone are the same to people. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

interface Known {
  source: readonly SystemField[];
  /** Null: the target does not tell. */
  target: readonly SystemField[] | null;
  canonical: readonly CanonicalProperty[];
}

/**
 * Rows that the columns of the source suggest, without what is mapped already: a column and a target field belong
 * together if they have one name, or names of one canonical property. Of a target that does not tell its fields, every
 * column is proposed under its canonical name.
 */
export function proposals({ source, target, canonical }: Known, table: Table): Proposal[] {
  const byName = new Map<string, CanonicalProperty>();
  for (const property of canonical) {
    if (property.path.includes("[")) continue;
    const systems = property.systems.flatMap(([, name]) =>
      name.split(/[/,:]/).map((one) => one.split(".").at(-1) ?? ""),
    );
    for (const name of [property.path, ...systems].map(plain)) {
      if (name && (!byName.has(name) || name === plain(property.path))) byName.set(name, property);
    }
  }
  const read = new Set(table.rows.map((row) => textAt(row.read?.field, "source")));
  const written = new Set(table.rows.map((row) => textAt(row.send?.field, "target")));
  const made = new Set(table.rows.map((row) => textAt(row.read?.field, "target")));
  const found: Proposal[] = [];
  for (const column of source) {
    const property = byName.get(plain(column.name));
    const names = [plain(column.name), property ? plain(property.path) : ""];
    const field = target?.find(
      (one) => names.includes(plain(one.name)) || (property && byName.get(plain(one.name)) === property),
    );
    const into = target === null ? pathOf(property?.path ?? column.name) : field && pathOf(field.name);
    const as = property?.path ?? pathOf(column.name);
    if (!into || read.has(pathOf(column.name)) || written.has(into) || made.has(as)) continue;
    written.add(into);
    made.add(as);
    found.push({
      source: pathOf(column.name),
      canonical: as,
      target: into,
      type: property?.type ?? between(column, field),
    });
  }
  return found;
}

/** A name as a path: in quotes where it holds what paths are made of. */
export function pathOf(name: string): string {
  return /[.[\]"]|^\s|\s$/.test(name) ? `[${JSON.stringify(name)}]` : name;
}
