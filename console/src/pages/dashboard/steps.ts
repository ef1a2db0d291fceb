import type { Schema } from "~/api/client";

type Dashboard = Schema<"Dashboard">;
type Step = Schema<"Step">;

export const RANGE_WORDS: Record<string, string> = {
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};
/** The range as the list of runs names it; it has none for six hours. */
export const RUNS_RANGE = {
  "1h": "hour",
  "6h": "day",
  "24h": "day",
  "7d": "week",
  "30d": "month",
} as const;

export type Range = keyof typeof RUNS_RANGE;

/** Every step of the range in its place: one without a run has nothing, which is a true zero. */
export function columns(data: Dashboard, names: readonly (keyof Step)[]): { at: number[]; values: number[][] } {
  const begin = Math.floor(Date.parse(data.since) / 1000);
  const many = Math.round((Date.parse(data.until) - Date.parse(data.since)) / 1000 / data.stepSeconds);
  const at = Array.from({ length: many }, (_, index) => begin + index * data.stepSeconds);
  const values = names.map(() => at.map(() => 0));
  for (const step of data.steps) {
    const place = Math.floor((Date.parse(step.at) / 1000 - begin) / data.stepSeconds + 0.5);
    names.forEach((name, row) => {
      const column = values[row];
      if (column && place < many) column[place] = Number(step[name]);
    });
  }
  return { at, values };
}

/** `+8 %`, `-3 %`; empty when there is nothing to compare with. */
export function change(now: number, before: number): string {
  if (before === 0) return "";
  const part = Math.round(((now - before) / before) * 100);
  return `${part > 0 ? "+" : ""}${part} %`;
}
