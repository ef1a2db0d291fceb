/** Pages of the docs, as the build writes them beside the console. */
const docs = (place: string) => `/docs/${place.replace(/(#|$)/, ".html$1")}`;

/** Where the code of an error, and one of a run's notices, is explained. */
export const helpOfCode = (code: string) => docs(`errors#${/^http_[45]/.test(code) ? `${code.slice(0, 6)}xx` : code}`);
export const helpOfNotice = (code: string) => docs(`operations#${code}`);

/** Pages of connectors that are not called as the connector is. */
const PAGE_OF: Record<string, string> = { mssql: "sqlserver", business_one: "business-one" };

/** The page of a connector, at one of its settings. */
export const helpOfSetting = (connector: string, setting = "profile") =>
  docs(`connectors/${PAGE_OF[connector] ?? connector}#${setting}`);

/**
 * Where a page or a field is explained: by the page's word, or by that and the field's path. A place in the docs is a
 * page and its heading, or the name that a row of its tables is about; a test holds that each is there.
 */
const PLACES = {
  dlq: "operations#repairing-records",
  hook: "webhooks#set-it-up",
  instance: "first-sync#3-say-what-goes-where",
  "instance.order": "first-sync#several-entity-types-in-order",
  "instance.failureBudget": "operations#what-is-wrong-with-this-run",
  list: "operations#lists",
  mapping: "mappings",
  "mapping.extraction": "mappings#extraction",
  "mapping.extraction.cursorColumn": "mappings#the-cursor",
  "mapping.normalization": "mappings#transformers",
  "mapping.normalization.schema": "mappings#canonical-schemas",
  "mapping.transformation": "mappings#transformers",
  "mapping.transformation.matchKey": "mappings#match-key",
  "mapping.transformation.onCreate": "mappings#fields-of-new-records-alone",
  "mapping.transformation.exclude": "mappings#conditions",
  monitor: "operations#health-and-metrics",
  notification: "notifications",
  profile: "connectors/postgresql#profile",
  "profile.maxConcurrent": "first-sync#3-say-what-goes-where",
  "profile.rate": "first-sync#3-say-what-goes-where",
  "profile.retry": "first-sync#3-say-what-goes-where",
  run: "operations#what-is-wrong-with-this-run",
  schedule: "cli#schedules",
  template: "templates",
  trigger: "cli#trigger",
  "trigger.ids": "cli#trigger",
  "trigger.max": "mappings#the-cursor",
  user: "operations#people-and-programs",
};

/** The place of the longest beginning of a path that has one: `instance.failureBudget.count`. */
export function helpOf(path: string): string | undefined {
  for (let part = path; part; part = part.replace(/[.[]?[^.[]*$/, "")) {
    if (Object.hasOwn(PLACES, part)) return docs(PLACES[part as keyof typeof PLACES]);
  }
  return undefined;
}

/** The same for a field alone: without what is said of its whole page. */
export function helpOfField(path: string): string | undefined {
  const [page = ""] = path.split(".");
  const found = helpOf(path);
  return found === helpOf(page) ? undefined : found;
}
