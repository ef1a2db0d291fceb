import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

/** How one search parameter is read and written. Text that makes no sense reads as not set. */
export interface Param<T> {
  read: (text: string | undefined) => T;
  write: (value: T) => string | undefined;
}

export type Search = Record<string, string | undefined>;
// biome-ignore lint/suspicious/noExplicitAny: parameters of every type
export type Params = Record<string, Param<any>>;
type Values<S> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };

/** Free text; not set is "". */
export function text(): Param<string> {
  return { read: (value) => value ?? "", write: (value) => value || undefined };
}

/** A whole number, or undefined. */
export function whole(min = 0): Param<number | undefined> {
  return {
    read: (value) =>
      value !== undefined && /^\d{1,15}$/.test(value) && Number(value) >= min ? Number(value) : undefined,
    write: (value) => (value === undefined ? undefined : String(value)),
  };
}

/** One of these words; the first is the default and is left out of the address. */
export function choice<const T extends readonly [string, ...string[]]>(words: T): Param<T[number]> {
  const initial: T[number] = words[0];
  return {
    read: (value) => (value !== undefined && words.includes(value) ? value : initial),
    write: (value) => (value === initial ? undefined : value),
  };
}

/** Several of these words. `all` is a value of its own: it is not the same as not set. */
export function several<const T extends readonly string[]>(
  words: T,
  initial: readonly T[number][] | "all" = "all",
): Param<readonly T[number][] | "all"> {
  const known = (value: string): value is T[number] => words.includes(value);
  return {
    read: (value) => {
      if (value === "all") return "all";
      const chosen = (value ?? "").split(",").filter(known);
      return chosen.length ? chosen : initial;
    },
    write: (value) => (String(value) === String(initial) ? undefined : String(value) || undefined),
  };
}

/** A list of free texts, such as IDs, kept apart by commas. */
export function list(): Param<string[]> {
  return {
    read: (value) =>
      (value ?? "")
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
    write: (value) => (value.length ? value.join(",") : undefined),
  };
}

export function flag(): Param<boolean> {
  return { read: (value) => value === "1", write: (value) => (value ? "1" : undefined) };
}

export function readAll<S extends Params>(schema: S, search: Search): Values<S> {
  const entries = Object.entries(schema).map(([name, param]) => [name, param.read(search[name])]);
  return Object.fromEntries(entries) as Values<S>;
}

export function writeAll<S extends Params>(schema: S, search: Search, change: Partial<Values<S>>): Search {
  const next: Search = { ...search };
  for (const [name, value] of Object.entries(change)) next[name] = schema[name]?.write(value);
  return next;
}

interface SetOptions {
  /** Replace the history entry: for typing, not for choosing. */
  replace?: boolean;
}

/**
 * What a page shows, in its address. `const [view, setView] = useUrlState(schema)`; declare the schema outside the
 * component. Parameters that the schema does not know are left alone. Setting any but `cursor` goes to the first page.
 */
export function useUrlState<S extends Params>(
  schema: S,
): [Values<S>, (change: Partial<Values<S>>, options?: SetOptions) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const values = useMemo(() => readAll(schema, search), [schema, search]);
  const set = useCallback(
    (change: Partial<Values<S>>, options: SetOptions = {}) => {
      const update = (previous: Search) => {
        const next = writeAll(schema, previous, change);
        if (!("cursor" in change)) next.cursor = undefined;
        return next;
      };
      void navigate({ to: ".", search: update as never, replace: options.replace ?? false });
    },
    [navigate, schema],
  );
  return [values, set];
}

/** Search parameters as plain text: an ID of digits must not become a number. */
export function parseSearch(search: string): Search {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Search): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (value !== undefined) params.set(name, value);
  const result = params.toString();
  return result ? `?${result}` : "";
}
