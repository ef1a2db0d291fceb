import type { Schema } from "~/api/client";
import { type SearchOf, useUrlState } from "~/state/url";

const LABELS = {
  instance: "instance",
  entityType: "entity type",
  stage: "stage",
  category: "category",
  code: "code",
  sourceId: "source ID",
  run: "run",
  group: "error group",
  text: "error contains",
  retries: "retries from",
} as const;

export type FilterName = keyof typeof LABELS;
export const FILTER_NAMES = Object.keys(LABELS) as FilterName[];
export type Filter = Partial<Schema<"EntryFilter">>;
export type View = SearchOf<"/signed-in/dlq">;
export type SetView = ReturnType<typeof useDlqView>[1];

export function useDlqView() {
  return useUrlState("/signed-in/dlq");
}

/** The filters as the API takes them; those that are not set are left out. */
export function filterOf(view: View): Filter {
  const given = FILTER_NAMES.filter((name) => view[name] !== "" && view[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, view[name]]));
}

/** Nothing set. */
export const CLEARED = {
  ...Object.fromEntries(FILTER_NAMES.map((name) => [name, ""])),
  retries: undefined,
} as Partial<View>;

/** Each filter in words, with what removes it. */
export function chipsOf(view: View, setView: SetView) {
  return Object.entries(filterOf(view)).map(([name, value]) => ({
    label: `${LABELS[name as FilterName]} ${value}`,
    remove: () => setView({ [name]: name === "retries" ? undefined : "" } as Partial<View>),
  }));
}
