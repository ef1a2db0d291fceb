import { useMemo, useRef } from "react";
import { same } from "~/state/equal";
import { type Table, tableOf } from "./rows";

/** The table of a text, whose unchanged rows are the very objects that they were; while that is no JSON, the one that it had before, which is behind then. */
export function useTable(text: string): { table: Table | undefined; behind: boolean } {
  const last = useRef<Table>(undefined);
  const now = useMemo(() => steady(tableOf(text), last.current), [text]);
  if (now) last.current = now;
  return { table: last.current, behind: now === undefined };
}

/** A table in which each row that says the same as before is the object of before: it need not be drawn again. */
function steady(now: Table | undefined, before: Table | undefined): Table | undefined {
  const known = new Map(before?.rows.map((row) => [row.id, row]));
  const rows = now?.rows.map((row) => {
    const old = known.get(row.id);
    return old && same(old, row) ? old : row;
  });
  return now && rows && { ...now, rows };
}
