import { useRef, useState } from "react";

/** Moves a cursor over rows and keeps it on its row while the list changes around it. */
export function useRowCursor(ids: string[]) {
  const [id, setId] = useState<string | null>(null);
  const at = id === null ? -1 : ids.indexOf(id);
  return {
    at,
    move(by: number): number {
      if (!ids.length) return -1;
      const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + by));
      setId(ids[next] ?? null);
      return next;
    },
    put: (index: number) => setId(ids[index] ?? null),
  };
}

/** Selecting by key and by pointer: one, a range from the last one, or the page. */
export function useSelecting(
  ids: string[],
  selected: ReadonlySet<string>,
  change: (next: ReadonlySet<string>) => void,
) {
  const last = useRef(-1);
  return {
    toggle(index: number, range = false): void {
      const next = new Set(selected);
      const on = !selected.has(ids[index] ?? "");
      const from = range && last.current >= 0 ? last.current : index;
      for (const id of ids.slice(Math.min(from, index), Math.max(from, index) + 1)) {
        if (on) next.add(id);
        else next.delete(id);
      }
      last.current = index;
      change(next);
    },
    togglePage(): void {
      const all = ids.every((id) => selected.has(id));
      const next = new Set(selected);
      for (const id of ids) {
        if (all) next.delete(id);
        else next.add(id);
      }
      change(next);
    },
  };
}
