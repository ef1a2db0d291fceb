import { diff } from "@codemirror/merge";
import { isObject, same } from "~/state/equal";

/** What a form began from, what is in it, and what is stored meanwhile. */
export interface Sides<V> {
  base: V;
  yours: V;
  theirs: V;
}
export type Side = "yours" | "theirs";

/** A field, or some lines of a field with a text of several lines, that is not the same on both sides. */
export interface Difference extends Sides<unknown> {
  path: string[];
  /** The first of the lines in your text, from 1. */
  line?: number;
  /** Who changed it; where one did, that side is the one to take at first. */
  by: Side | "both";
}

export interface Merge<V> {
  differences: Difference[];
  /** The whole with the chosen side of each difference. */
  take: (sides: readonly Side[]) => V;
}

type Values = Record<string, unknown>;
/** Lines that all have, or lines that are not the same. */
type Stretch = string[] | Difference;

/** Compares field by field, and texts of several lines line by line. */
export function merge<V extends object>({ base, yours, theirs }: Sides<V>): Merge<V> {
  const leaves = leavesOf([], base, yours, theirs);
  const found = leaves.map((leaf) => ({ leaf, stretches: stretchesOf(leaf) }));
  const differences = found.flatMap(({ stretches }) =>
    stretches.filter((one): one is Difference => !Array.isArray(one)),
  );
  return {
    differences,
    take(sides) {
      const chosen = new Map(differences.map((one, index) => [one, sides[index] ?? "theirs"]));
      const taken = (one: Difference) => one[chosen.get(one) ?? "theirs"];
      let merged: Values = theirs as Values;
      for (const { leaf, stretches } of found) {
        const value = isText(leaf)
          ? stretches.flatMap((one) => (Array.isArray(one) ? one : (taken(one) as string[]))).join("\n")
          : taken(stretches[0] as Difference);
        merged = withValue(merged, leaf.path, value);
      }
      return merged as V;
    },
  };
}

/** Fields that differ between yours and theirs. */
function leavesOf(path: string[], base: unknown, yours: unknown, theirs: unknown): Difference[] {
  if (same(yours, theirs)) return [];
  const all = [base, yours, theirs].filter((one) => one !== undefined);
  if (!all.every(isObject)) {
    return [{ path, base, yours, theirs, by: same(base, yours) ? "theirs" : same(base, theirs) ? "yours" : "both" }];
  }
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))];
  const inner = (one: unknown, name: string) => (one as Values | undefined)?.[name];
  return names.flatMap((name) => leavesOf([...path, name], inner(base, name), inner(yours, name), inner(theirs, name)));
}

function stretchesOf(leaf: Difference): Stretch[] {
  return isText(leaf) ? linesOf(leaf) : [leaf];
}

function isText({ base, yours, theirs }: Sides<unknown>): boolean {
  const all = [base, yours, theirs];
  return all.every((one) => typeof one === "string") && all.some((one) => (one as string).includes("\n"));
}

/** The stretches of a text; changes of both sides that touch are one. */
function linesOf({ path, ...texts }: Difference): Stretch[] {
  const base = (texts.base as string).split("\n");
  const sides = { yours: (texts.yours as string).split("\n"), theirs: (texts.theirs as string).split("\n") };
  const edits = { yours: [...editsOf(base, sides.yours)], theirs: [...editsOf(base, sides.theirs)] };
  /** By how much a side's lines are further down than those of the base. */
  const shift = { yours: 0, theirs: 0 };
  const stretches: Stretch[] = [];
  let at = 0;
  while (edits.yours.length + edits.theirs.length > 0) {
    const from = Math.min(...[edits.yours[0], edits.theirs[0]].map((one) => one?.fromA ?? Number.POSITIVE_INFINITY));
    const start = { yours: from + shift.yours, theirs: from + shift.theirs };
    const changed = { yours: false, theirs: false };
    let to = from;
    const takes = (side: Side) => {
      const next = edits[side][0];
      if (!next || next.fromA > to) return false;
      edits[side].shift();
      to = Math.max(to, next.toA);
      shift[side] = next.toB - next.toA;
      changed[side] = true;
      return true;
    };
    while (takes("yours") || takes("theirs"));
    stretches.push(base.slice(at, from));
    const piece = (side: Side) => sides[side].slice(start[side], to + shift[side]);
    const [yours, theirs] = [piece("yours"), piece("theirs")];
    if (same(yours, theirs)) stretches.push(yours);
    else {
      const by = changed.yours && changed.theirs ? "both" : changed.yours ? "yours" : "theirs";
      stretches.push({ path, line: start.yours + 1, by, base: base.slice(from, to), yours, theirs });
    }
    at = to;
  }
  return [...stretches, base.slice(at)];
}

/** What differs between two lists of lines, by their numbers: the library compares texts, so a line becomes a letter. */
function editsOf(before: string[], after: string[]) {
  const letters = new Map<string, string>();
  const spelled = (lines: string[]) => {
    for (const line of lines) {
      if (!letters.has(line)) letters.set(line, String.fromCharCode(letters.size + 1));
    }
    return lines.map((line) => letters.get(line)).join("");
  };
  const [a, b] = [spelled(before), spelled(after)];
  // More lines than there are letters that stand alone: one difference.
  if (letters.size >= 0xd800) return [{ fromA: 0, toA: before.length, fromB: 0, toB: after.length }];
  return diff(a, b);
}

/** Other values with one changed; an inner object that has nothing left goes, a field of the form never does. */
function withValue(values: Values, [name, ...rest]: string[], value: unknown, isForm = true): Values {
  const next = { ...values };
  const key = name as string;
  const inner = rest.length ? withValue(isObject(values[key]) ? values[key] : {}, rest, value, false) : value;
  const isEmpty = rest.length > 0 && isObject(inner) && Object.keys(inner).length === 0;
  if (inner === undefined || (isEmpty && !isForm)) delete next[key];
  else next[key] = inner;
  return next;
}
