import type { BarePath, bareSearch, PagePath, search } from "~/pages/search";
import { stringifySearch, type Values } from "~/state/url";

type Searches = typeof search & typeof bareSearch;
type Query<Path extends PagePath | BarePath> = Partial<Values<Searches[Path]>>;

function page<Path extends PagePath | BarePath>(path: Path) {
  return (query: Query<Path> = {}) => path + stringifySearch(query);
}

/** A page of one thing, whose name or ID is a part of the path. */
function detail<Path extends PagePath>(path: Path) {
  return (name: string, query: Query<Path> = {}) =>
    path.replace(/\$\w+/, () => encodeURIComponent(name)) + stringifySearch(query);
}

/** Addresses of all pages, so that one page can point into another without knowing how it is built. */
export const links = {
  dashboard: page("/"),
  trigger: page("/trigger"),
  runs: page("/runs"),
  run: detail("/runs/$runId"),
  records: page("/records"),
  record: detail("/records/$sourceId"),
  deadLetters: page("/dlq"),
  deadLetter: detail("/dlq/$id"),
  operations: page("/operations"),
  operation: detail("/operations/$id"),
  instances: page("/instances"),
  instance: detail("/instances/$name"),
  newInstance: page("/new/instance"),
  fromTemplate: page("/new/from-template"),
  profiles: page("/connection-profiles"),
  profile: detail("/connection-profiles/$name"),
  newProfile: page("/new/connection-profile"),
  mappings: page("/mappings"),
  mapping: detail("/mappings/$name"),
  newMapping: page("/new/mapping"),
  schedules: page("/schedules"),
  hooks: page("/hooks"),
  monitor: page("/monitor"),
  notifications: page("/notifications"),
  notification: (kind: string, id: string) => `/notifications/${kind}/${encodeURIComponent(id)}`,
  auditLog: page("/audit-log"),
};
