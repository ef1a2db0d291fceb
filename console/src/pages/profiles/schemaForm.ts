import { isObject } from "~/state/equal";

/** The part of JSON Schema that connectors describe their settings with. */
export interface Property {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Property>;
  required?: string[];
  "x-labels"?: Record<string, string>;
  "x-when"?: Record<string, string[]>;
  "x-advanced"?: boolean;
  "x-required"?: boolean;
}

export type Values = Record<string, unknown>;

/** A value inside of others by its path: `auth.type`. */
export function valueAt(values: Values, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, name) => (inner as Values | undefined)?.[name], values);
}

/** Other values with one changed; what is undefined or empty is left out altogether. */
export function changedAt(values: Values, path: readonly string[], value: unknown): Values {
  const [name, ...rest] = path as [string, ...string[]];
  const next = { ...values };
  const inner = rest.length ? changedAt((values[name] as Values | undefined) ?? {}, rest, value) : value;
  const nothing = inner === undefined || inner === "" || (isObject(inner) && Object.keys(inner).length === 0);
  if (nothing) delete next[name];
  else next[name] = inner;
  return next;
}

/** Whether a setting counts, given the others: an OAuth2 client ID only where the login is OAuth2. */
export function counts(property: Property, root: Property, values: Values): boolean {
  return Object.entries(property["x-when"] ?? {}).every(([path, allowed]) => {
    const given = valueAt(values, path) ?? defaultAt(root, path);
    return allowed.includes(String(given));
  });
}

function defaultAt(root: Property, path: string): unknown {
  let inner: Property | undefined = root;
  for (const name of path.split(".")) inner = inner?.properties?.[name];
  return inner?.default;
}

/** The settings without those that do not count any more. */
export function pruned(schema: Property, root: Property, values: Values, all: Values = values): Values {
  const kept: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const property = schema.properties?.[name];
    if (property && !counts(property, root, all)) continue;
    kept[name] = property?.properties && isObject(value) ? pruned(property, root, value, all) : value;
  }
  return kept;
}
