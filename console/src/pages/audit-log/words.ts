import type { Schema } from "~/api/client";
import { labelOf } from "~/api/problem";
import { capital } from "~/state/format";

export type Entry = Schema<"AuditEntry">;

const WORDS: Record<string, string> = {
  "session.begun": "Signed in",
  "session.ended": "Signed out",
  "user.password_link": "Password link made",
  "user.password_set": "Password chosen",
  "user.created": "User added",
  "run.cancel_requested": "Run cancelled",
  "schedule.run_now": "Schedule run now",
  "payload.viewed": "Payload looked at",
  "profile.described": "Profile's fields read",
  "mapping.dry_run": "Mapping dry run",
  "record.erased": "Record's payloads erased",
  "run.export_begun": "Export of runs begun",
  "run.exported": "Runs exported",
  "record.export_begun": "Export of records begun",
  "record.exported": "Records exported",
  dlq: "Dead letters",
  "dlq.replayed": "Dead letter replayed",
  "dlq.discarded": "Dead letter discarded",
  "dlq.restored": "Dead letter restored",
  "dlq.export_begun": "Export of dead letters begun",
  "dlq.exported": "Dead letters exported",
  "audit_log.export_begun": "Export of the audit log begun",
  "audit_log.exported": "Audit log exported",
};

/** Kinds of actions, to choose from. */
export const KINDS = [
  "profile",
  "mapping",
  "instance",
  "schedule",
  "cursor",
  "run",
  "operation",
  "subscription",
  "api_key",
  "user",
  "tenant",
  "session",
  "payload",
  "record",
  "dlq",
  "audit_log",
];

/** `profile.created` as people read it: "Profile created". */
export function actionWords(action: string): string {
  return WORDS[action] ?? capital(action.replace(/[._]/g, " ").replace(/\bapi key\b/, "API key"));
}

export interface Change {
  name: string;
  before: unknown;
  after: unknown;
}

/** The values that an entry says were changed. */
export function changes(details: Record<string, unknown>): Change[] {
  return Object.entries(details).flatMap(([name, value]) => (isChange(value) ? [{ name, ...value }] : []));
}

function isChange(value: unknown): value is { before: unknown; after: unknown } {
  return typeof value === "object" && value !== null && "before" in value && "after" in value;
}

/** What an entry's details say, in one line. */
export function summary(details: Record<string, unknown>): string {
  return Object.entries(details)
    .map(([name, value]) => [name.startsWith("$") ? labelOf(name) : name, value] as const)
    .map(([name, value]) =>
      isChange(value) ? `${name}: ${plain(value.before)} → ${plain(value.after)}` : `${name}: ${plain(value)}`,
    )
    .join("; ")
    .slice(0, 140);
}

/** A value as one line of text. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(plain).join(", ") || "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
