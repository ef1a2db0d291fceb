import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { isJson, JsonText } from "~/api/lossless";
import { asProblem } from "~/api/problem";

/** Something that is wrong, or looks it, at a JSON path of the document. */
export interface Problem {
  path: string;
  message: string;
  kind: "error" | "warning";
}

const NONE: Problem[] = [];

/** A document as a member of a request: `{"document": …}`. Numbers that a person wrote stay what they are. */
export function wrapped(document: string, more: Record<string, unknown>): JsonText {
  const rest = JSON.stringify(more).slice(1, -1);
  return new JsonText(`{"document": ${document}${rest ? `, ${rest}` : ""}}`);
}

/** The text with a name in it, as the server wants it where the address has none. */
export function named(text: string, name: string): JsonText {
  return new JsonText(text.replace("{", () => `{"name": ${JSON.stringify(name)}, `));
}

/** What the server says of a text, a moment after typing ended; it never writes anything. */
export function useCheck(text: string, name: string, enabled: boolean) {
  const [settled] = useDebouncedValue(text, 400);
  const query = useQuery({
    queryKey: ["mapping-check", name, settled],
    queryFn: () => api.post("/api/v1/mapping-configs/validate", { body: named(settled, name || "draft") }),
    enabled: enabled && isJson(settled),
    staleTime: 30_000,
    retry: false,
  });
  const fresh = settled === text && query.data !== undefined && !query.isPlaceholderData;
  return {
    /** The answer is about the text as it is now. */
    fresh,
    valid: fresh && query.data?.valid === true,
    problems: isJson(settled) ? problemsOf(query.data) : NONE,
    error: query.error ? asProblem(query.error) : null,
  };
}

const seen = new WeakMap<object, Problem[]>();

/** The same answer gives the same list, so that the editor looks once. */
function problemsOf(found: Schema<"Validation"> | undefined): Problem[] {
  if (!found) return NONE;
  const known = seen.get(found);
  if (known) return known;
  const all = [
    ...found.problems.map((one) => ({ ...one, kind: "error" as const })),
    ...found.warnings.map((one) => ({ ...one, kind: "warning" as const })),
  ];
  seen.set(found, all);
  return all;
}

/** What a new mapping begins with: what the table or a person fills in. */
export const FIRST_TEXT = `{
  "entityType": "item",
  "extraction": {
    "mode": "config",
    "table": "",
    "idColumn": "",
    "cursorColumn": null
  },
  "normalization": {
    "fields": []
  },
  "transformation": {
    "matchKey": "",
    "fields": [],
    "target": {}
  }
}
`;
