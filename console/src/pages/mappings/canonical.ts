import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { api } from "~/api/client";
import type { Shape } from "./completion";

/** A property of a canonical schema, by the path and type that a field writes it with. */
export interface CanonicalProperty {
  path: string;
  type: string;
  required: boolean;
  meaning: string;
  /** What it is called in each system. */
  systems: [system: string, name: string][];
}

/** The part of a canonical schema that is shown. */
export interface CanonicalNode {
  type: string | string[];
  format?: string;
  enum?: (string | null)[];
  description?: string;
  properties?: Record<string, CanonicalNode>;
  required?: string[];
  items?: CanonicalNode;
  "x-unit"?: string;
  "x-systems"?: Record<string, string>;
}

/** What the editor shows of the canonical schema that is at hand. */
export interface Canonical {
  name: string;
  /** Whether the mapping says that its records are held to it. */
  checked: boolean;
  properties: CanonicalProperty[];
}

const TYPES: Record<string, string> = { number: "decimal", integer: "int", boolean: "bool", "date-time": "datetime" };

/** Every property that a field may write, with those inside of objects and elements. */
export function propertiesOf(node: CanonicalNode, before = ""): CanonicalProperty[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, inner]) => {
    const path = before ? `${before}.${name}` : name;
    const own = shown(inner, path, node.required?.includes(name) ?? false);
    if (!inner.items) return [own, ...propertiesOf(inner, path)];
    const element = inner.items.properties ? [] : [shown({ ...inner, ...inner.items }, `${path}[]`, false)];
    return [own, ...element, ...propertiesOf(inner.items, `${path}[]`)];
  });
}

function shown(node: CanonicalNode, path: string, required: boolean): CanonicalProperty {
  const type = [node.type].flat().find((one) => one !== "null") ?? "";
  const words = node.enum?.filter((word) => word !== null) ?? [];
  const meaning = [
    node.description ?? "",
    node["x-unit"] ? `In ${node["x-unit"].replaceAll("`", "")}.` : "",
    words.length ? `One of ${words.join(", ")}.` : "",
  ];
  return {
    path,
    type: TYPES[node.format ?? type] ?? node.format ?? type,
    required,
    meaning: meaning.filter(Boolean).join(" ").replaceAll("`", ""),
    systems: Object.entries(node["x-systems"] ?? {}),
  };
}

interface Written {
  entityType?: unknown;
  normalization?: { schema?: unknown; fields?: { source?: unknown; target?: unknown }[] };
}

/** A mapping's text as a document; undefined while it is not whole. */
function read(text: string): Written | undefined {
  try {
    return JSON.parse(text) as Written;
  } catch {
    return undefined;
  }
}

/** The schema that a mapping names, or else the one of its entity type. */
export function schemaOf(text: string, names: readonly string[]): { name: string; checked: boolean } | undefined {
  const document = read(text);
  const known = (name: unknown) => names.find((one) => one === name);
  const named = known(document?.normalization?.schema);
  const name =
    named ??
    known(
      String(document?.entityType ?? "")
        .trim()
        .toLowerCase(),
    );
  return name === undefined ? undefined : { name, checked: named !== undefined };
}

/** Which raw field writes each canonical property. */
export function sourcesOf(text: string): Map<string, string> {
  const fields = read(text)?.normalization?.fields;
  return new Map(Array.isArray(fields) ? fields.map((one) => [String(one?.target), String(one?.source)]) : []);
}

/** The schemas that a mapping may name, by the JSON Schema of mappings. */
export function namesIn(shape: Shape | undefined): string[] {
  const schema = shape?.$defs?.Normalization?.properties?.schema;
  return [schema, ...(schema?.anyOf ?? [])].flatMap((one) => (one?.enum ?? []) as string[]);
}

/** The canonical schema of a text; while that is not whole, the one that it had before. */
export function useCanonical(text: string, shape: Shape | undefined): Canonical | undefined {
  const names = useMemo(() => namesIn(shape), [shape]);
  const found = useMemo(() => schemaOf(text, names), [text, names]);
  const last = useRef(found);
  if (found || read(text)) last.current = found;
  const { name, checked } = last.current ?? { name: "", checked: false };
  const query = useQuery({
    queryKey: ["canonical-schema", name],
    queryFn: () => api.get("/api/v1/canonical-schemas/{name}", { path: { name } }),
    enabled: name !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
  const schema = query.data?.name === name ? query.data.jsonSchema : undefined;
  return useMemo(
    () => schema && { name, checked, properties: propertiesOf(schema as unknown as CanonicalNode) },
    [schema, name, checked],
  );
}
