import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { useInstance } from "~/components/pick/choices";
import { inline } from "./edits";
import { block, type Field } from "./rows";

/** What one of the two systems has, as far as it says. */
export interface SystemSide {
  profile: string;
  choose: (profile: string) => void;
  tables: readonly string[];
  fields: readonly Schema<"SystemField">[];
  /** Why the fields are not known; undefined while they are, or nothing was asked. */
  unknown: string | undefined;
  /** The answer is about what the document says now. */
  settled: boolean;
}

const READ = ["mode", "table", "sql", "procedure", "endpoint", "parameters", "paging", "options"];

/** Source and target of a mapping: those of the instance that uses it, or chosen ones; asked as the document changes. */
export function useSystems(document: Field, usedBy: readonly string[]) {
  const instance = useInstance(usedBy[0] ?? "");
  const [chosen, setChosen] = useState<{ source?: string; target?: string }>({});
  const extraction = block(document, "extraction");
  const bound = extraction.mode === "sql" ? Object.keys(extraction) : READ;
  const read = Object.fromEntries(bound.flatMap((name) => (name in extraction ? [[name, extraction[name]]] : [])));
  const source = chosen.source ?? instance?.source ?? "";
  const target = chosen.target ?? instance?.target ?? "";
  return {
    source: useSide(source, { extraction: read }, (name) => setChosen({ ...chosen, source: name })),
    target: useSide(target, { target: block(block(document, "transformation"), "target") }, (name) =>
      setChosen({ ...chosen, target: name }),
    ),
  };
}

function useSide(profile: string, asked: Field, choose: (profile: string) => void): SystemSide {
  const text = inline(asked);
  const [settled] = useDebouncedValue(text, 600);
  const query = useQuery({
    queryKey: ["system-fields", profile, settled],
    queryFn: () =>
      api.post("/api/v1/connection-profiles/{name}/fields", { path: { name: profile }, body: asked as never }),
    enabled: profile !== "" && settled === text,
    staleTime: 300_000,
    retry: false,
  });
  const found = profile === "" ? undefined : query.data;
  return {
    profile,
    choose,
    tables: found?.tables ?? [],
    fields: found?.fields ?? [],
    unknown: query.error ? asProblem(query.error).message : (found?.unknown ?? undefined),
    settled: settled === text && found !== undefined && !query.isPlaceholderData,
  };
}
