import { Select } from "@mantine/core";
import { serverNow } from "~/api/client";

/** Spans of time by their name in the address. */
export const RANGES: Record<string, string> = {
  "1h": "last hour",
  "24h": "last 24 hours",
  "7d": "last 7 days",
  "30d": "last 30 days",
};
const HOURS: Record<string, number> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };

/** The beginning of a span, to the minute: it must not be another query with every second. */
export function sinceOf(range: string): string | undefined {
  const hours = HOURS[range];
  if (hours === undefined) return undefined;
  const minute = Math.floor(serverNow() / 60_000) * 60_000;
  return new Date(minute - hours * 3_600_000).toISOString();
}

export function Range({ value, onChange }: { value: string; onChange: (range: string) => void }) {
  return (
    <Select
      aria-label="Filter by time"
      w={150}
      data={[
        { value: "", label: "any time" },
        ...Object.entries(RANGES).map(([range, label]) => ({ value: range, label })),
      ]}
      value={value}
      allowDeselect={false}
      onChange={(range) => onChange(range ?? "")}
    />
  );
}
