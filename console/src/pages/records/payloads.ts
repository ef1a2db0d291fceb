import type { Schema } from "~/api/client";
import { plural } from "~/state/format";

/** What each stage made of a record in one run. */
export type Passport = Schema<"Passport">;
export type Step = Passport["steps"][number];
export type Payload = Passport["payloads"][number];

/** Why there is no text: in words that tell apart what never was, what is gone and what was not found. */
export function missing(payload: { state: string; keptDays: number }): string {
  switch (payload.state) {
    case "gone":
      return `Gone: payloads are kept for ${plural(payload.keptDays, "day")}`;
    case "absent":
      return "The record did not come so far";
    case "not_found":
      return "Not found in the time that one look may take; open the page again to look once more";
    case "unavailable":
      return "Kafka does not answer: payloads are read from its topics";
    case "hidden":
      return "You may not see payloads: a Platform Admin may let you";
    case "erased":
      return "Erased";
    default:
      return "No payload";
  }
}
