import { useUrlState } from "~/state/url";

/** A column that the server sorts a list by: `-failed` is the largest first, which a first click asks for. */
export interface Sortable {
  sort?: string;
}

const nameOf = (sort: string) => sort.replace(/^-/, "");
const turned = (sort: string) => (sort.startsWith("-") ? sort.slice(1) : `-${sort}`);

/** The order that an address asks for; "" where the list has no such. */
export function sortOf(asked: string, columns: readonly Sortable[]): string {
  return columns.some(({ sort }) => sort && nameOf(sort) === nameOf(asked)) ? asked : "";
}

/** What a click on a column asks for: its own order, then that turned round, then the list's own. */
export function nextSort(now: string, first: string): string {
  if (nameOf(now) !== nameOf(first)) return first;
  return now === first ? turned(first) : "";
}

/** How a list is sorted by a column. */
export function directionOf(now: string, column: Sortable): "ascending" | "descending" | undefined {
  if (!column.sort || nameOf(column.sort) !== nameOf(now)) return undefined;
  return now.startsWith("-") ? "descending" : "ascending";
}

/** The order of the list on screen, in its address: as the API takes it. */
export function useSort(columns: readonly Sortable[]): string {
  const [{ sort }] = useUrlState("__root__");
  return sortOf(sort, columns);
}
