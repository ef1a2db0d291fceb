import { payloadText } from "~/api/lossless";

const SEGMENT = /\["((?:\\.|[^"\\])*)"\]|\[(\d*)\]|([^.[\]]+)/g;

/** The value at a path of a record, as the mapping reads it: `a.b`, `t[0]`, `lines[].n`; undefined where nothing is. */
export function valueAt(record: unknown, path: string): unknown {
  if (isObject(record) && Object.hasOwn(record, path)) return record[path];
  return follow(
    record,
    [...path.matchAll(SEGMENT)].map(([, quoted, index, key]) => {
      if (index !== undefined) return index === "" ? EACH : Number(index);
      return key ?? (quoted ?? "").replace(/\\(.)/g, "$1");
    }),
  );
}

const EACH = Symbol("each");

function follow(value: unknown, path: readonly (string | number | symbol)[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined || value === undefined) return value;
  if (first === EACH) return Array.isArray(value) ? value.map((one) => follow(one, rest)) : undefined;
  if (typeof first === "number") return Array.isArray(value) ? follow(value[first], rest) : undefined;
  return isObject(value) ? follow(value[first as string], rest) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A value in one line, its digits untouched; "" where nothing is. */
export function shortText(value: unknown): string {
  return value === undefined
    ? ""
    : payloadText([value])
        .replace(/^\[\s*|\s*\]$/g, "")
        .replace(/\s*\n\s*/g, " ");
}
