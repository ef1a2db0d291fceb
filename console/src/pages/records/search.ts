import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { lookOf } from "~/components/status";

/** One thing that the search box found. */
export interface SearchHit {
  /** What it is: "Run", "Record", "Dead letter". */
  kind: string;
  label: string;
  description?: string;
  /** Where it is shown: one of `links`. */
  to: string;
}

type Hit = Schema<"SearchHit">;
/** No ID is longer; a prefix of a correlation ID needs six digits, but a source ID may have one letter. */
const LONGEST = 512;
const WAIT = 150;

/** Finds a correlation ID, source ID or target ID. `searching` while the answer is on its way. */
export function useSearchHits(text: string): {
  hits: SearchHit[];
  /** Whether there is more than is shown. */
  more: boolean;
  searching: boolean;
  error: unknown;
} {
  const [settled] = useDebouncedValue(text, WAIT);
  const enabled = settled.length > 0 && settled.length <= LONGEST;
  const found = useQuery({
    queryKey: ["search", settled],
    queryFn: ({ signal }) => api.get("/api/v1/search", { query: { q: settled }, signal }),
    enabled,
    placeholderData: undefined,
  });
  const hits = enabled ? (found.data?.hits.map(shown) ?? []) : [];
  const more = enabled && (found.data?.more.length ?? 0) > 0;
  return {
    hits,
    more,
    searching: text !== settled || (enabled && found.isFetching),
    error: enabled ? found.error : null,
  };
}

/** A hit in words, with the page that shows it. */
export function shown(hit: Hit): SearchHit {
  const stream = `${hit.instance ?? "–"} / ${hit.entityType ?? "–"}`;
  const run = hit.correlationId ?? undefined;
  switch (hit.kind) {
    case "run":
      return {
        kind: "Run",
        label: run ?? "",
        description: `${stream}, ${lookOf("run", hit.state ?? "").word}`,
        to: links.run(run ?? ""),
      };
    case "dead_letter":
      return {
        kind: "Dead letter",
        label: hit.deadLetter ?? "",
        description: `${stream}, source ID ${hit.sourceId ?? "unknown"}, ${lookOf("letter", hit.state ?? "").word}`,
        to: links.deadLetter(hit.deadLetter ?? ""),
      };
    case "target":
      return {
        kind: "Target ID",
        label: hit.targetId ?? "",
        description: `${stream}, source ID ${hit.sourceId ?? ""}`,
        to: links.record(hit.sourceId ?? ""),
      };
    default:
      return {
        kind: "Record",
        label: hit.sourceId ?? "",
        description: `${stream}, last outcome ${lookOf("record", hit.state ?? "").word}`,
        to: links.record(hit.sourceId ?? ""),
      };
  }
}
