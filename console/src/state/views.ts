import { useLocalStorage } from "@mantine/hooks";
import { parseSearch, stringifySearch } from "./url";

/** A list as somebody wants to see it again: what its address shows, under a name. */
export interface View {
  name: string;
  search: string;
}

export interface Views {
  views: View[];
  /** The name of the one that the list opens with; null for none. */
  first: string | null;
}

export const NO_VIEWS: Views = { views: [], first: null };
export const LONGEST_NAME = 60;
/** What an address has beside its list: where in it one is, and what is open over it. */
const NOT_OF_THE_LIST = ["cursor", "tz", "entry", "open", "edit", "secret", "user"];

/** Filter, order and columns of an address, in one spelling. */
export function viewOf(search: string, columns: readonly string[] = []): string {
  const all = parseSearch(search);
  const own = Object.entries(all).filter(([name]) => !NOT_OF_THE_LIST.includes(name));
  const given = columns.length > 0 ? [...own.filter(([name]) => name !== "columns"), ["columns", columns.join()]] : own;
  return stringifySearch(Object.fromEntries(given.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))));
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Why a name cannot be given to a view that has the name `old`, or to a new one; undefined if it can. */
export function refusedName({ views }: Views, name: string, old?: string): string | undefined {
  if (!name.trim()) return "Give it a name";
  const taken = views.some((view) => same(view.name, name.trim()) && view.name !== old);
  return taken ? "There is a view of this name already" : undefined;
}

/** With a view added, or with another content of one that is there. */
export function withView(all: Views, { name, search }: View): Views {
  const others = all.views.filter((view) => view.name !== name.trim());
  const views = [...others, { name: name.trim(), search }].sort((a, b) => a.name.localeCompare(b.name));
  return { ...all, views };
}

export function withName(all: Views, old: string, name: string): Views {
  const view = all.views.find((one) => one.name === old);
  if (!view) return all;
  const renamed = withView(withoutView(all, old), { ...view, name });
  return all.first === old ? { ...renamed, first: name.trim() } : renamed;
}

export function withoutView(all: Views, name: string): Views {
  return {
    views: all.views.filter((view) => view.name !== name),
    first: all.first === name ? null : all.first,
  };
}

/** Reads what was kept; what makes no sense is none. */
export function readViews(text: string | undefined): Views {
  try {
    const { views, first } = JSON.parse(text ?? "") as Views;
    const known = views.filter((view) => typeof view.name === "string" && typeof view.search === "string");
    return { views: known, first: known.some((view) => view.name === first) ? first : null };
  } catch {
    return NO_VIEWS;
  }
}

/** The saved views of a list: kept in this browser for one person in one tenant, as drafts are. */
export function useViews(tenant: string, user: string, list: string) {
  return useLocalStorage<Views>({
    key: `syncline.views.${JSON.stringify([tenant, user, list])}`,
    defaultValue: NO_VIEWS,
    getInitialValueInEffect: false,
    serialize: JSON.stringify,
    deserialize: readViews,
  });
}
