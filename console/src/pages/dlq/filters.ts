import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { filtersOf } from "~/components/filters";
import { entityTypes, instanceNames } from "~/components/pick/choices";
import { lookOf, STAGE_WORDS } from "~/components/status";
import { type SearchOf, useUrlState } from "~/state/url";

export type Filter = Partial<Schema<"EntryFilter">>;
export type View = SearchOf<"/signed-in/dlq">;
export type SetView = ReturnType<typeof useDlqView>[1];

export function useDlqView() {
  return useUrlState("/signed-in/dlq");
}

const CATEGORIES = Object.fromEntries(
  ["transient", "permanent", "unknown"].map((category) => [category, lookOf("category", category).word]),
);
const says = (words: string) => (value: string) => `${words} ${value}`;
const OPTIONS = {
  text: { label: "Error contains", width: 190, says: says("error contains") },
  sourceId: { label: "Source ID", width: 130, says: says("source ID") },
  instance: { label: "Instance", width: 130, suggest: instanceNames, says: says("instance") },
  entityType: { label: "Entity type", width: 110, suggest: entityTypes, says: says("entity type") },
  stage: { label: "Any stage", name: "Stage", width: 120, words: STAGE_WORDS, says: says("stage") },
  category: {
    label: "Any category",
    name: "Category",
    width: 130,
    words: CATEGORIES,
    says: says("category"),
  },
  code: { says: says("code") },
  run: { says: says("run") },
  group: { says: says("error group") },
  retries: { says: says("retries from") },
};

/** The filters of the queue: the server applies them, over everything. A group is named by its error. */
export function useDlqFilters(view: View, setView: SetView) {
  const { group, status } = view;
  const found = useQuery({
    queryKey: ["dlq", "group-text", group, status],
    queryFn: () => api.get("/api/v1/dlq/groups", { query: { group, status, limit: 1 } }),
    enabled: group !== "",
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  const text = found.data?.items[0]?.pattern;
  const named = () => (text ? `error “${text.length > 80 ? `${text.slice(0, 80)}…` : text}”` : "one kind of error");
  return filtersOf(view, setView, { ...OPTIONS, group: { says: named } });
}

/** The filters as the API takes them; those that are not set are left out. */
export function filterOf(view: View): Filter {
  const names = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
  const given = names.filter((name) => view[name] !== "" && view[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, view[name]]));
}
