import { choice, text, useUrlState, whole } from "~/state/url";

/** What the page shows, in its address; the filters have the names that the API gives them. */
const schema = {
  view: choice(["groups", "entries"]),
  status: choice(["pending", "replayed", "discarded", "overtaken"]),
  instance: text(),
  entityType: text(),
  stage: text(),
  category: text(),
  code: text(),
  sourceId: text(),
  run: text(),
  group: text(),
  text: text(),
  retries: whole(1),
  cursor: text(),
  entry: text(),
};

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
export type View = ReturnType<typeof useDlqView>[0];
export type SetView = ReturnType<typeof useDlqView>[1];

export function useDlqView() {
  return useUrlState(schema);
}

/** The filters as the API takes them; those that are not set are left out. */
export function filterOf(view: View): Record<string, string | number> {
  const given = FILTER_NAMES.flatMap((name): [string, string | number][] => {
    const value = view[name];
    return value === "" || value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(given);
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
