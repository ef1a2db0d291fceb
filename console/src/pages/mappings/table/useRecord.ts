import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, type Schema } from "~/api/client";
import { isJson, JsonText, parsePayload } from "~/api/lossless";
import { asProblem, type Problem } from "~/api/problem";
import { refetch } from "~/api/query";
import { wrapped } from "../check";

/** One record of the source as it goes through the text: values to look up by path, and what breaks. */
export interface RecordForms {
  sourceId: string;
  outcome: string;
  raw: unknown;
  canonical: unknown;
  payload: unknown;
  errors: readonly Schema<"FieldError">[];
}

export interface RecordTrial {
  record: RecordForms | undefined;
  /** Which of how many were read. */
  at: number;
  of: number;
  show: (at: number) => void;
  /** Reads a few records of the source. */
  read: () => void;
  reading: boolean;
  problem: Problem | undefined;
}

const READ = 10;

/** Reads records of the source once; every change of the text after that runs the shown one through it again. */
export function useRecord(name: string | null, text: string, profile: string): RecordTrial {
  const [at, setAt] = useState(0);
  const send = (body: JsonText) =>
    name === null
      ? api.post("/api/v1/mapping-configs/dry-run", { body })
      : api.post("/api/v1/mapping-configs/{name}/dry-run", { path: { name }, body });
  const reading = useMutation({
    mutationFn: () => send(wrapped(text, { limit: READ, ...(profile && { profile }) })),
    onSuccess: () => {
      setAt(0);
      void refetch("audit-log");
    },
  });
  const records = reading.data?.records ?? [];
  const { raw, sourceId = "" } = records[at] ?? {};
  const [settled] = useDebouncedValue(text, 300);
  const again = useQuery({
    queryKey: ["mapping-record", name, settled, raw],
    queryFn: () => send(new JsonText(`{"document": ${settled}, "records": [${raw}]}`)),
    enabled: raw !== undefined && isJson(settled),
    retry: false,
    staleTime: 60_000,
  });
  const now = again.data?.records[0];
  const error = reading.error ?? again.error;
  // The same object until something else is shown: rows are drawn again by it.
  const record = useMemo(
    () => (raw === undefined || !now ? undefined : { ...now, sourceId, ...parsed(now, raw) }),
    [now, raw, sourceId],
  );
  return {
    record,
    at,
    of: records.length,
    show: setAt,
    read: () => reading.mutate(),
    reading: reading.isPending,
    problem: error ? asProblem(error) : undefined,
  };
}

function parsed(found: Schema<"DryRecord">, raw: string) {
  const value = (text: string | null) => (text === null ? undefined : parsePayload(text));
  return { raw: value(raw), canonical: value(found.canonical), payload: value(found.payload) };
}
