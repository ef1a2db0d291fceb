import { type RegisteredRouter, type RouteById, type RouteIds, useRouter, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** How one search parameter is read. Text that makes no sense reads as the initial value, which no address shows. */
export interface Param<T> {
  initial: T;
  read: (text: string) => T;
}

// biome-ignore lint/suspicious/noExplicitAny: parameters of every type
export type Params = Record<string, Param<any>>;
export type Values<S> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };
export type Search = Record<string, unknown>;

/** Free text; not set is "". */
export function text(): Param<string> {
  return { initial: "", read: (value) => value };
}

/** A whole number, or undefined. */
export function whole(min = 0): Param<number | undefined> {
  return {
    initial: undefined,
    read: (value) => (/^\d{1,15}$/.test(value) && Number(value) >= min ? Number(value) : undefined),
  };
}

/** One of these words; the first is the initial one. */
export function choice<const T extends readonly [string, ...string[]]>(words: T): Param<T[number]> {
  const initial: T[number] = words[0];
  return { initial, read: (value) => (words.includes(value) ? value : initial) };
}

/** Several of these words, or all of them. */
export function several<const T extends readonly string[]>(words: T): Param<readonly T[number][] | "all"> {
  const known = (value: string): value is T[number] => words.includes(value);
  return {
    initial: "all",
    read: (value) => {
      const chosen = value.split(",").filter(known);
      return chosen.length ? chosen : "all";
    },
  };
}

/** A list of free texts, such as IDs, kept apart by commas. */
export function list(): Param<string[]> {
  const items = (value: string) => value.split(",").map((item) => item.trim());
  return { initial: [], read: (value) => items(value).filter(Boolean) };
}

/** The values of all parameters; those of a navigation are read like those of an address. */
export function readAll<S extends Params>(params: S, search: Search): Values<S> {
  const entries = Object.entries(params).map(([name, { initial, read }]) => {
    const value = search[name];
    return [name, value === undefined ? initial : read(String(value))];
  });
  return Object.fromEntries(entries) as Values<S>;
}

/** What an address shows of the values: those that are not initial. */
export function withoutInitial<T extends Search>(params: Params, search: T): T {
  const isShown = ([name, value]: [string, unknown]) => String(value ?? "") !== String(params[name]?.initial ?? "");
  return Object.fromEntries(Object.entries(search).filter(isShown)) as T;
}

/** Search parameters as plain text: an ID of digits must not become a number. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Search): string {
  const shown = Object.entries(search).filter(([, value]) => value !== undefined && String(value) !== "");
  const result = new URLSearchParams(shown.map(([name, value]) => [name, String(value)])).toString();
  return result ? `?${result}` : "";
}

/** An address of the API with its query; what is undefined or "" is left out, a list has a parameter for each value. */
export function addressOf(path: string, query: object): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one ?? "")]),
  );
  return `${path}?${new URLSearchParams(given.filter(([, value]) => value !== ""))}`;
}

export type RouteId = RouteIds<RegisteredRouter["routeTree"]>;
/** What the address of a page shows, as `pages/search.ts` declares it. */
export type SearchOf<Id extends RouteId> = RouteById<RegisteredRouter["routeTree"], Id>["types"]["fullSearchSchema"];

interface SetOptions {
  /** Replace the history entry: for typing, not for choosing. */
  replace?: boolean;
}

/**
 * What a page shows, in its address: `const [view, setView] = useUrlState("/signed-in/runs")`. Parameters that the page
 * does not declare are left alone. Setting any but `cursor` goes to the first part of a list.
 */
export function useUrlState<Id extends RouteId>(id: Id) {
  const router = useRouter();
  const view: SearchOf<Id> = useSearch({ from: id as RouteId });
  const set = useCallback(
    (change: Partial<SearchOf<Id>>, { replace = false }: SetOptions = {}) => {
      const { pathname, search } = router.latestLocation;
      const href = pathname + stringifySearch({ ...search, cursor: "", ...change });
      void router.navigate({ href, replace });
    },
    [router],
  );
  return [view, set] as const;
}
