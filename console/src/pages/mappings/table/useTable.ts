import { useMemo, useRef } from "react";
import { type Table, tableOf } from "./rows";

/** The table of a text; while that is no JSON, the one that it had before, which is behind then. */
export function useTable(text: string): { table: Table | undefined; behind: boolean } {
  const now = useMemo(() => tableOf(text), [text]);
  const last = useRef(now);
  if (now) last.current = now;
  return { table: last.current, behind: now === undefined };
}
