import type { Schema } from "~/api/client";
import { useLacking } from "~/api/session";

export type Letter = Schema<"DeadLetterView">;
export type Group = Schema<"DeadLetterGroup">;
export type Detail = Schema<"DeadLetterDetail">;
export type Operation = Schema<"OperationView">;
export type Item = Schema<"OperationItem">;
export type Kind = "replay" | "discard" | "restore";

export const VERBS: Record<string, string> = { replay: "Replay", discard: "Discard", restore: "Restore" };

/** What somebody may do with entries that are `pending`, `discarded`, …. */
export function useKinds(status: string): Kind[] {
  if (useLacking("dead_letters")) return [];
  if (status === "pending") return ["replay", "discard"];
  return status === "discarded" ? ["restore"] : [];
}

/** Amber from 3, red from 5. */
export function retriesTone(retries: number): "bad" | "warn" | undefined {
  if (retries >= 5) return "bad";
  return retries >= 3 ? "warn" : undefined;
}

/** How many items of an operation are over; those that never began are not. */
export function doneOf({ results }: Pick<Operation, "results">): number {
  return Object.values(results).reduce((sum, count) => sum + count, 0) - leftOf({ results });
}

/** How many items were not begun, because the operation was stopped before. */
export function leftOf({ results }: Pick<Operation, "results">): number {
  return results.not_started ?? 0;
}

const RESULTS: Record<string, string> = {
  success: "written",
  unchanged: "unchanged",
  excluded: "excluded",
  superseded: "superseded",
  failed: "failed again",
  cancelled: "wait again",
  refused: "refused",
  not_started: "not started",
  discarded: "discarded",
  restored: "restored",
  overtaken: "overtaken meanwhile",
};

/** A result in words: `failed again`. */
export function resultWord(result: string): string {
  return RESULTS[result] ?? result.replace(/_/g, " ");
}

/** `40 written, 2 failed again`. */
export function resultsText(results: Record<string, number>): string {
  return Object.entries(results)
    .map(([result, count]) => `${count.toLocaleString("en-US")} ${resultWord(result)}`)
    .join(", ");
}

/** What may help, by what kind of failure it is. */
export function advice(category: string): string {
  if (category === "transient") return "The other system did not answer or was busy: a replay may be enough.";
  if (category === "permanent")
    return "It will fail again unchanged: correct the mapping, the source or the payload first.";
  return "Look at one entry before you replay them all.";
}
