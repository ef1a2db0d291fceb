import { choice, list, several, text, whole } from "~/state/url";

export const RUN_STATES = [
  "queued",
  "extracting",
  "in_progress",
  "succeeded",
  "partial_success",
  "failed",
  "cancelled",
] as const;
export const MODES = ["incremental", "reset_cursor", "force_full"] as const;
export const LETTER_STATUSES = ["pending", "replayed", "discarded", "overtaken"] as const;
export const INSTANCE_STATUSES = ["all", "active", "inactive", "dependency_inactive"] as const;
export const SCHEDULE_STATUSES = ["enabled", "disabled", "dependency_inactive"] as const;

/** On every page: the part of a list that is shown, its order and its columns, and the time zone of a link. */
export const everywhere = { cursor: text(), sort: text(), columns: list(), tz: text() };

/** Of the page of something new: the document of a template that its form begins with. */
const prefilled = { template: text(), document: text() };

/** What the address of a page shows, by its path; the filters have the names that the API gives them, or short ones. */
export const search = {
  "/": { range: choice(["24h", "1h", "6h", "7d", "30d"]) },
  // A run, a schedule or a runbook may link to a filled form.
  "/trigger": {
    instance: text(),
    entity: text(),
    ids: list(),
    mode: choice(MODES),
    max: whole(1),
    batch: whole(1),
    overlap: choice(["reject", "queue"]),
    run: text(),
  },
  "/runs": {
    state: several(RUN_STATES),
    id: text(),
    instance: text(),
    entity: text(),
    trigger: text(),
    mode: text(),
    parent: text(),
    range: choice(["all", "hour", "day", "week", "month"]),
  },
  "/runs/$runId": {
    tab: choice(["overview", "records", "failures"]),
    outcome: text(),
    source: text(),
    stage: text(),
    attempts: whole(1),
  },
  "/records": { q: text() },
  "/records/$sourceId": { run: text() },
  "/dlq": {
    view: choice(["groups", "entries"]),
    status: choice(LETTER_STATUSES),
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
    entry: text(),
  },
  "/dlq/$id": {},
  "/operations": {},
  "/operations/$id": { result: text() },
  "/instances": { q: text(), status: choice(INSTANCE_STATUSES) },
  "/instances/$name": {},
  "/new/instance": prefilled,
  "/new/from-template": { template: text() },
  "/connection-profiles": { q: text(), status: choice(["all", "active", "inactive"]), connector: text() },
  "/connection-profiles/$name": {},
  "/new/connection-profile": prefilled,
  "/mappings": { q: text(), entity: text() },
  "/mappings/$name": { tab: choice(["dry-run", "try-draft", "schema", "versions"]), version: whole(1) },
  "/new/mapping": { tab: choice(["dry-run", "try-draft", "schema", "versions"]), ...prefilled },
  "/schedules": {
    q: text(),
    status: choice(["all", ...SCHEDULE_STATUSES]),
    /** The schedule whose detail is open. */
    open: text(),
    /** The schedule that is edited; `*` is a new one, which no name can be. */
    edit: text(),
    instance: text(),
    entity: text(),
  },
  "/hooks": {
    q: text(),
    /** The hook whose detail is open. */
    open: text(),
    /** The hook that is edited; `*` is a new one. */
    edit: text(),
    /** The hook that is given a secret. */
    secret: text(),
  },
  "/monitor": {},
  "/notifications": { kind: choice(["webhooks", "email"]) },
  "/notifications/$kind/$id": { state: choice(["all", "waiting", "delivered", "given_up"]), delivery: text() },
  "/api-keys": {},
  "/users": { q: text(), user: text() },
  "/tenants": {},
  "/audit-log": { actor: text(), action: text(), object: text(), range: text(), entry: text() },
};

/** The same of pages for those who are not signed in. */
export const bareSearch = { "/login": { next: text() }, "/setup": {}, "/choose-password": {} };

export type PagePath = keyof typeof search;
export type BarePath = keyof typeof bareSearch;
