/** The part of JSON Schema that completion reads. */
export interface Shape {
  $ref?: string;
  $defs?: Record<string, Shape>;
  anyOf?: Shape[];
  items?: Shape;
  enum?: unknown[];
  type?: string;
  default?: unknown;
  description?: string;
  properties?: Record<string, Shape>;
  required?: string[];
}

export interface Knowledge {
  shape: Shape;
  /** Of the canonical schema at hand. */
  canonical?: readonly { path: string; type: string; required: boolean; meaning: string }[];
  /** What the two systems have, and what the mapping makes of it. */
  systems?: Record<SystemNames, readonly Suggestion[]>;
  /** Names of transformers, each with its options; null: any. */
  transformers: Record<string, readonly string[] | null>;
}

export interface Suggestion {
  label: string;
  detail?: string;
  info?: string;
}

/** The schema of what stands at a place, given as names and, for elements of arrays, numbers. */
export function shapeAt(root: Shape, path: readonly (string | number)[]): Shape | undefined {
  let shape: Shape | undefined = root;
  for (const part of path) {
    shape = pick(root, shape, typeof part === "number" ? "items" : "properties");
    shape = typeof part === "number" ? shape?.items : shape?.properties?.[part];
  }
  return shape && resolved(root, shape);
}

function resolved(root: Shape, shape: Shape): Shape {
  const name = shape.$ref?.split("/").pop();
  return name ? { ...root.$defs?.[name], ...shape } : shape;
}

/** Of several possibilities, the one that has what is looked for. */
function pick(root: Shape, shape: Shape | undefined, what: "items" | "properties"): Shape | undefined {
  if (!shape) return undefined;
  const whole = resolved(root, shape);
  return [whole, ...(whole.anyOf ?? []).map((one) => resolved(root, one))].find((one) => one[what]);
}

/** Names that may stand in the object at a place, without those that do. */
export function names(known: Knowledge, path: readonly (string | number)[], taken: readonly string[]): Suggestion[] {
  const own = path.at(-1) === "options" ? optionNames(known) : stepNames(known, path);
  const shape = own ? undefined : pick(known.shape, shapeAt(known.shape, path), "properties");
  const required = shape?.required ?? [];
  const found =
    own ??
    Object.entries(shape?.properties ?? {}).map(([label, part]) => {
      const detail = required.includes(label) ? "required" : typeName(known.shape, part);
      return { label, detail, ...(part.description ? { info: part.description } : {}) };
    });
  return found.filter((one) => !taken.includes(one.label));
}

/** In a step of `transform`: names of transformers; in one of these: its own options. */
function stepNames(known: Knowledge, path: readonly (string | number)[]): Suggestion[] | undefined {
  const words = path.filter((part) => typeof part === "string");
  if (words.at(-1) === "transform") return values(known, path);
  if (words.at(-2) !== "transform") return undefined;
  const step = words.at(-1)?.toLowerCase();
  const found = Object.entries(known.transformers).find(([name]) => name.toLowerCase() === step);
  return (found?.[1] ?? []).map((label) => ({ label, detail: `of ${found?.[0]}` }));
}

function optionNames(known: Knowledge): Suggestion[] {
  const owners = new Map<string, string[]>();
  for (const [name, options] of Object.entries(known.transformers)) {
    for (const option of options ?? []) owners.set(option, [...(owners.get(option) ?? []), name]);
  }
  return [...owners].map(([label, of]) => ({ label, detail: `of ${of.join(", ")}` }));
}

function typeName(root: Shape, part: Shape): string {
  const whole = resolved(root, part);
  return whole.type ?? (whole.anyOf ?? []).map((one) => resolved(root, one).type ?? "").join(" or ");
}

/** Whether a place holds the canonical property that a field writes. */
export function isTarget(path: readonly (string | number)[]): boolean {
  return path.filter((part) => typeof part === "string").join(".") === "normalization.fields.target";
}

/** Names that come from the systems or from the mapping itself. */
export type SystemNames = "sourceTables" | "targetTables" | "columns" | "fields" | "made";

/** Which of them stand where. */
const PLACES: [RegExp, SystemNames][] = [
  [/^extraction\.table$/, "sourceTables"],
  [/^extraction\.(idColumn|cursorColumn|columns|filters\..*field|filters\.field)$/, "columns"],
  [/^normalization\.fields\.source$/, "columns"],
  [/^transformation\.target\.table$/, "targetTables"],
  [/^transformation\.(fields|static)\.target$|^transformation\.(matchKey|verify|onCreate)$/, "fields"],
  [
    /^transformation\.fields\.source$|^transformation\.(exclude|fields\.when)\..*field$|^transformation\.(exclude|fields\.when)\.field$/,
    "made",
  ],
];

/** Values that may stand at a place: words of a closed set, transformers, or canonical properties. */
export function values(known: Knowledge, path: readonly (string | number)[]): Suggestion[] {
  const names = path.filter((part) => typeof part === "string");
  if (names.at(-1) === "transform") {
    return Object.entries(known.transformers).map(([label, options]) => ({
      label,
      detail: options?.length ? `options: ${options.join(", ")}` : "transformer",
    }));
  }
  if (known.canonical && isTarget(path)) {
    return known.canonical.map(({ path, type, required, meaning }) => {
      return { label: path, detail: required ? `${type}, required` : type, info: meaning };
    });
  }
  const place = PLACES.find(([pattern]) => pattern.test(names.join(".")))?.[1];
  if (place) return [...(known.systems?.[place] ?? [])];
  const shape = shapeAt(known.shape, path);
  const words = [shape, ...(shape?.anyOf ?? [])].flatMap((one) => one?.enum ?? []);
  return words.filter((word) => typeof word === "string").map((word) => ({ label: word as string }));
}
