import { type Search, stringifySearch } from "~/state/url";

type Query = Record<string, string | number | boolean | undefined>;

function link(path: string, query: Query = {}): string {
  const search: Search = {};
  for (const [name, value] of Object.entries(query)) search[name] = value === undefined ? undefined : String(value);
  return path + stringifySearch(search);
}

const part = encodeURIComponent;

/** Addresses of all pages, so that one page can point into another without knowing how it is built. */
export const links = {
  dashboard: () => link("/"),
  trigger: (query?: { instance?: string; entity?: string; mode?: string; ids?: string; run?: string }) =>
    link("/trigger", query),
  runs: (query?: Query) => link("/runs", query),
  run: (correlationId: string, query?: Query) => link(`/runs/${part(correlationId)}`, query),
  records: (query?: Query) => link("/records", query),
  record: (sourceId: string, query?: Query) => link(`/records/${part(sourceId)}`, query),
  deadLetters: (query?: Query) => link("/dlq", query),
  deadLetter: (id: string) => link(`/dlq/${part(id)}`),
  operations: (query?: Query) => link("/operations", query),
  operation: (id: string) => link(`/operations/${part(id)}`),
  instances: (query?: Query) => link("/instances", query),
  instance: (name: string) => link(`/instances/${part(name)}`),
  profiles: (query?: Query) => link("/connection-profiles", query),
  newInstance: () => link("/new/instance"),
  newProfile: () => link("/new/connection-profile"),
  newMapping: () => link("/new/mapping"),
  profile: (name: string) => link(`/connection-profiles/${part(name)}`),
  mappings: (query?: Query) => link("/mappings", query),
  mapping: (name: string, query?: Query) => link(`/mappings/${part(name)}`, query),
  schedules: (query?: Query) => link("/schedules", query),
  monitor: () => link("/monitor"),
  notifications: (query?: Query) => link("/notifications", query),
  notification: (kind: string, id: string) => link(`/notifications/${part(kind)}/${part(id)}`),
  apiKeys: () => link("/api-keys"),
  users: () => link("/users"),
  auditLog: (query?: Query) => link("/audit-log", query),
  login: (next?: string) => link("/login", { next }),
};
