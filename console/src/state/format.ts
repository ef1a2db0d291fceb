/** Texts of numbers, durations and times: the only place that makes them. */

const GROUPED = new Intl.NumberFormat("en-US");

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : GROUPED.format(value);
}

/** `999`, `9.9k`, `92k`: for where there is no room; never more than there is. */
export function short(value: number): string {
  if (value < 1_000) return count(value);
  return value < 10_000 ? `${Math.floor(value / 100) / 10}k` : `${count(Math.floor(value / 1_000))}k`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** With a capital first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function percent(part: number, whole: number): string {
  if (whole <= 0) return "0 %";
  const value = (part / whole) * 100;
  // 99.97 % is not done, and one failure is not none.
  if (value > 99 && part < whole) return `${Math.min(99.9, Math.floor(value * 10) / 10)} %`;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value > 0 && value < 1) return `${Math.round(value * 10) / 10} %`;
  return `${Math.round(value)} %`;
}

export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return "–";
  if (perSecond > 0 && perSecond < 0.1) return "< 0.1/s";
  return `${perSecond >= 10 ? count(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;
}

/** `840 ms`, `12.4 s`, `3 m 05 s`, `2 h 10 m`, `4 d 3 h`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "–";
  const whole = Math.max(0, ms);
  if (whole < 1_000) return `${Math.round(whole)} ms`;
  if (whole < 59_950) return `${(whole / 1_000).toFixed(1)} s`;
  const seconds = Math.round(whole / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${pad(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${pad(minutes % 60)} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** `just now`, `42 s ago`, `3 min ago`, `in 2 h`, `5 days ago`. */
export function relative(time: number, now: number): string {
  const ahead = time > now;
  const seconds = Math.round(Math.abs(now - time) / 1_000);
  if (seconds < 2) return ahead ? "in a moment" : "just now";
  const text = span(seconds);
  return ahead ? `in ${text}` : `${text} ago`;
}

function span(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400 * 2) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
    formats.set(key, format);
  }
  return format;
}

const DATE: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** `2026-11-24 12:02:11`; without the zone, which must stand beside it. */
export function absolute(time: number, zone: string): string {
  const parts = formatOf(zone, { ...DATE, ...CLOCK }).formatToParts(time);
  const part = (type: string) => parts.find((item) => item.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")}`;
}

/** `CET`, `UTC`, or `GMT+5:30` where a zone has no short name. */
export function zoneLabel(time: number, zone: string): string {
  const parts = formatOf(zone, { timeZoneName: "short" }).formatToParts(time);
  return parts.find((item) => item.type === "timeZoneName")?.value ?? zone;
}

const IN_UTC = /\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)/g;

/** A text of the server, with the times that it names in a zone: `since 2026-11-24 12:02:11 CET`. */
export function inZone(text: string, zone: string): string {
  return text.replace(IN_UTC, (said) => {
    const time = Date.parse(said.replace(" ", "T"));
    return Number.isNaN(time) ? said : `${absolute(time, zone)} ${zoneLabel(time, zone)}`;
  });
}

/** `UTC+01:00`, for the picker and tooltips. */
export function zoneOffset(time: number, zone: string): string {
  const parts = formatOf(zone, { timeZoneName: "longOffset" }).formatToParts(time);
  const value = parts.find((item) => item.type === "timeZoneName")?.value ?? "GMT";
  return value === "GMT" ? "UTC+00:00" : value.replace("GMT", "UTC");
}
