import { stored } from "./stored";

/** `utc`, `local`, or an IANA name such as `Europe/Vienna`. */
export const zoneChoice = stored("zone", "local", (text) => (isZone(text) ? text : undefined));

export function isZone(name: string): boolean {
  if (name === "utc" || name === "local") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The IANA name to format with. */
export function zoneName(choice: string): string {
  if (choice === "utc") return "UTC";
  return choice === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : choice;
}

export function toggleUtc(): void {
  zoneChoice.set(zoneChoice.get() === "utc" ? "local" : "utc");
}

/** A shared link may bring its zone along: `?tz=Europe/Vienna`. */
export function takeZoneFromUrl(search: string): void {
  const zone = new URLSearchParams(search).get("tz");
  if (zone && isZone(zone)) zoneChoice.set(zone);
}

/** Zones for the picker, the usual first. */
export function zones(): string[] {
  return Intl.supportedValuesOf("timeZone");
}
