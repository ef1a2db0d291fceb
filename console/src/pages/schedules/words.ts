import type { Schema } from "~/api/client";
import { absolute, zoneLabel } from "~/state/format";

export type Schedule = Schema<"ScheduleView">;
export type Firing = Schema<"FiringView">;
export type Cadence = Schema<"Cadence">;

export const PACES = ["minutes", "hours", "daily", "weekly", "monthly", "cron"] as const;
export type Pace = (typeof PACES)[number];

export const DAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const;
/** Stands for the last day of a month. */
export const LAST_DAY = 32;

/** What the form holds: every field of every pace, so that nothing is lost when a person tries another. */
const EMPTY = {
  instance: "",
  entityType: "",
  name: "",
  pace: "daily" as Pace,
  minutes: 15,
  hours: 1,
  minute: 0,
  at: "02:00",
  days: ["MON", "TUE", "WED", "THU", "FRI"],
  day: 1,
  cron: "0 2 * * *",
  timezone: "UTC",
  enabled: true,
};
export type Draft = typeof EMPTY;

/** The form of a schedule, or of a new one with what is known of it. */
export function draftOf(schedule: Schedule | undefined, known: Partial<Draft> = {}): Draft {
  if (!schedule) return { ...EMPTY, ...known };
  const { instance, entityType, name, cron, timezone, enabled } = schedule;
  const own = { ...EMPTY, instance, entityType, name, cron, timezone, enabled };
  return { ...own, ...fieldsOf(schedule.cadence) };
}

function fieldsOf(cadence: Cadence | null): Partial<Draft> {
  if (!cadence) return { pace: "cron" };
  const { pace, interval, minute, at, days, day } = cadence;
  if (pace === "minutes") return { pace, minutes: interval };
  if (pace === "hours") return { pace, hours: interval, minute };
  return { pace, at, ...(pace === "weekly" && { days }), ...(pace === "monthly" && { day }) };
}

/** When it fires, as the API takes it: the server makes the expression. */
export function timingOf(draft: Draft): { cron: string | null; cadence: Cadence | null } {
  if (draft.pace === "cron") return { cron: draft.cron, cadence: null };
  const interval = draft.pace === "minutes" ? draft.minutes : draft.pace === "hours" ? draft.hours : 1;
  const { pace, minute, at, days, day } = draft;
  return { cron: null, cadence: { pace, interval, minute, at, days, day } };
}

/** A time by a schedule's own clock: `2026-11-27 02:30 CET`. */
export function local(at: string, zone: string): string {
  const time = Date.parse(at);
  return `${absolute(time, zone).slice(0, 16)} ${zoneLabel(time, zone)}`;
}

/** How a firing is shown: by its run where it has one, else by what became of it. */
export function lookOf(firing: Firing): { of: "run" | "firing"; state: string } {
  return firing.state ? { of: "run", state: firing.state } : { of: "firing", state: firing.result };
}
