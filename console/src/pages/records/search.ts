import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { lookOf, type StatusOf } from "~/components/status";

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

/** Finds what an ID or a name means, the best hits first. `searching` while the answer is on its way. */
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

/** What is configured, and its page. */
const NAMED: Record<string, [string, (name: string) => string]> = {
  instance: ["Instance", links.instance],
  mapping: ["Mapping", links.mapping],
  profile: ["Connection profile", links.profile],
  schedule: ["Schedule", (name) => links.schedules({ open: name })],
};

/** A hit in words, with the page that shows it. */
export function shown(hit: Hit): SearchHit {
  const stream = `${hit.instance ?? "–"} / ${hit.entityType ?? "–"}`;
  const source = hit.sourceId ?? "";
  const found = (kind: string, label: string | null, about: string, to: string): SearchHit => ({
    kind,
    label: label ?? "",
    description: `${stream}, ${about}`,
    to,
  });
  const word = (of: StatusOf) => lookOf(of, hit.state ?? "").word;
  switch (hit.kind) {
    case "run":
      return found("Run", hit.correlationId, word("run"), links.run(hit.correlationId ?? ""));
    case "dead_letter": {
      const about = `source ID ${hit.sourceId ?? "unknown"}, ${word("letter")}`;
      return found("Dead letter", hit.deadLetter, about, links.deadLetter(hit.deadLetter ?? ""));
    }
    case "target":
      return found("Target ID", hit.targetId, `source ID ${source}`, links.record(source));
    case "record":
      return found("Record", source, hit.state ? `last outcome ${word("record")}` : "written", links.record(source));
    default: {
      const name = hit.name ?? "";
      const [kind, to] = NAMED[hit.kind] ?? [hit.kind, () => ""];
      return { kind, label: name, to: to(name) };
    }
  }
}
