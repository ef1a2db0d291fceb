import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { useUrlState } from "~/state/url";

/** How somebody has arranged the columns of a table. */
export interface Layout {
  hidden: string[];
  /** All columns that were there when it was arranged; empty where that is as the table has them. */
  order: string[];
  /** Pixels, of columns that were given a width. */
  widths: Record<string, number>;
}

interface Named {
  id: string;
  hidden?: boolean;
}

export const NARROWEST = 48;
const WIDEST = 900;
/** What one press of a key changes a width by. */
export const STEP = 24;

export const boundWidth = (width: number) => Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));

/** What a table has by itself. */
export function initialLayout(columns: readonly Named[]): Layout {
  return { hidden: columns.filter((one) => one.hidden).map((one) => one.id), order: [], widths: {} };
}

/** Reads what was kept; a release before this one kept the names of hidden columns alone. */
export function readLayout(text: string | undefined, initial: Layout): Layout {
  if (text === undefined) return initial;
  if (!text.startsWith("{")) return { ...initial, hidden: text.split(",").filter(Boolean) };
  try {
    return { ...initial, ...(JSON.parse(text) as Partial<Layout>) };
  } catch {
    return initial;
  }
}

/** Columns in the order of their names; one that is not named follows the one that it follows by itself. */
export function arranged<C extends Named>(columns: readonly C[], order: readonly string[]): C[] {
  const byId = new Map(columns.map((column) => [column.id, column]));
  const placed = order.flatMap((id) => byId.get(id) ?? []);
  columns.forEach((column, index) => {
    if (placed.includes(column)) return;
    const before = columns[index - 1];
    placed.splice(before ? placed.indexOf(before) + 1 : 0, 0, column);
  });
  return placed;
}

/** The names with one of them moved to where another is. */
export function moved(ids: readonly string[], id: string, to: string): string[] {
  const rest = ids.filter((one) => one !== id);
  const target = ids.indexOf(to);
  if (target < 0) return [...ids];
  rest.splice(target, 0, id);
  return rest;
}

/** The layout of a link: it shows these columns in this order. */
export function layoutOf(shown: readonly string[], columns: readonly Named[], kept: Layout): Layout {
  const known = shown.filter((id) => columns.some((column) => column.id === id));
  if (known.length === 0) return kept;
  const others = columns.map((column) => column.id).filter((id) => !known.includes(id));
  return { ...kept, hidden: others, order: [...known, ...others] };
}

/**
 * The columns of a table as somebody has arranged them: kept in this browser, but those of a link or a saved view,
 * which stand in the address. A phone's cards keep the order that the table has by itself.
 */
export function useLayout<C extends Named>(table: string, columns: readonly C[]) {
  const [{ columns: linked, cursor }, setView] = useUrlState("__root__");
  const onPhone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const initial = initialLayout(columns);
  const [kept, keep, forget] = useLocalStorage<Layout>({
    key: `syncline.columns.${table}`,
    defaultValue: initial,
    getInitialValueInEffect: false,
    serialize: JSON.stringify,
    deserialize: (text) => readLayout(text, initial),
  });
  const layout = layoutOf(linked, columns, kept);
  const all = arranged(columns, onPhone ? [] : layout.order);
  const ids = all.map((column) => column.id);
  const change = (next: Partial<Layout>) => {
    // A width is of this browser; what a link shows becomes its own only when it is changed.
    keep({ ...(next.widths ? kept : layout), ...next });
    if (linked.length > 0 && !next.widths) setView({ columns: [], cursor }, { replace: true });
  };
  return {
    /** All of them, hidden ones too. */
    all,
    shown: all.filter((column) => !layout.hidden.includes(column.id)),
    hidden: layout.hidden,
    widths: layout.widths,
    isChanged: JSON.stringify(layout) !== JSON.stringify(initial),
    toggle(id: string) {
      const { hidden } = layout;
      change({ hidden: hidden.includes(id) ? hidden.filter((one) => one !== id) : [...hidden, id] });
    },
    move: (id: string, to: string | undefined) => to !== undefined && change({ order: moved(ids, id, to) }),
    resize(id: string, width: number | undefined) {
      const { [id]: _before, ...others } = layout.widths;
      change({ widths: width === undefined ? others : { ...others, [id]: boundWidth(width) } });
    },
    reset() {
      forget();
      if (linked.length > 0) setView({ columns: [], cursor }, { replace: true });
    },
  };
}

export type TableLayout = ReturnType<typeof useLayout>;
