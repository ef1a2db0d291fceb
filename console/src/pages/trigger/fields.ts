import type { Schema } from "~/api/client";
import type { MODES } from "~/pages/search";

export type Mode = (typeof MODES)[number];

export interface Fields {
  instance: string;
  entity: string;
  /** As typed or pasted. */
  ids: string;
  mode: Mode;
  max: string;
  batch: string;
  overlap: "reject" | "queue";
}

export const DEFAULT_BATCH = 100;
const MOST_IDS = 500;
const LONGEST_ID = 512;

/** IDs between commas or lines, or out of a pasted column; doubles and empties are dropped. */
export function idsOf(pasted: string): string[] {
  const parts = pasted.split(/[,;\t\r\n]+/).map((part) =>
    part
      .trim()
      .replace(/^"(.*)"$/, "$1")
      .trim(),
  );
  return [...new Set(parts.filter(Boolean))];
}

export type Mistakes = Partial<Record<keyof Fields, string>>;

/** What is wrong, by field; the server checks the same and has the last word. */
export function mistakes(fields: Fields): Mistakes {
  const ids = idsOf(fields.ids);
  const result: Mistakes = {};
  if (!fields.instance) result.instance = "Choose an instance";
  if (!fields.entity) result.entity = "Choose what to sync";
  if (ids.length > MOST_IDS) result.ids = `${ids.length} IDs; at most ${MOST_IDS} are allowed`;
  else if (ids.some((id) => id.length > LONGEST_ID)) result.ids = `An ID may have at most ${LONGEST_ID} characters`;
  if (ids.length > 0 && fields.mode === "reset_cursor") {
    result.mode = "Reset Cursor cannot be combined with source IDs; use Force Full Sync";
  }
  if (fields.max && !isWhole(fields.max, 1, Number.MAX_SAFE_INTEGER)) result.max = "A whole number from 1";
  if (fields.batch && !isWhole(fields.batch, 1, 1000)) result.batch = "A whole number from 1 to 1000";
  return result;
}

function isWhole(value: string, low: number, high: number): boolean {
  return /^\d{1,16}$/.test(value.trim()) && Number(value) >= low && Number(value) <= high;
}

/** Names of the API's fields -> the form's, for what the server finds wrong. */
export const FIELD_OF: Record<string, keyof Fields> = {
  instance: "instance",
  entityType: "entity",
  sourceIds: "ids",
  mode: "mode",
  maxEntities: "max",
  batchSize: "batch",
  onOverlap: "overlap",
};

export function bodyOf(fields: Fields, correlationId: string): Schema<"SyncEvent"> {
  const ids = idsOf(fields.ids);
  return {
    instance: fields.instance,
    entityType: fields.entity,
    sourceIds: ids.length ? ids : null,
    mode: fields.mode,
    maxEntities: fields.max ? Number(fields.max) : null,
    batchSize: fields.batch ? Number(fields.batch) : DEFAULT_BATCH,
    onOverlap: fields.overlap,
    correlationId,
  };
}

/** The same run on the command line. */
export function commandOf(fields: Fields): string {
  const ids = idsOf(fields.ids);
  const options = [
    fields.mode !== "incremental" && `--mode ${fields.mode}`,
    ids.length > 0 && `--source-ids ${quoted(ids.join(","))}`,
    fields.max && `--max-entities ${fields.max}`,
    fields.batch && Number(fields.batch) !== DEFAULT_BATCH && `--batch-size ${fields.batch}`,
    fields.overlap === "queue" && "--on-overlap queue",
  ].filter(Boolean);
  return [
    "syncline trigger",
    quoted(fields.instance || "INSTANCE"),
    quoted(fields.entity || "ENTITY"),
    ...options,
  ].join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

/** What a mode will do, before it is done. */
export function consequence(mode: Mode, ids: number): string {
  if (ids > 0) {
    const records = ids === 1 ? "this record" : `these ${ids} records`;
    return mode === "force_full"
      ? `Fetches ${records} by ID and sends them even when they are unchanged. The cursor is not touched.`
      : `Fetches ${records} by ID; unchanged ones are skipped. The cursor is not touched.`;
  }
  return {
    incremental: "Reads what changed since the cursor; unchanged records are skipped. The cursor moves on.",
    reset_cursor: "Clears the cursor and reads everything again; unchanged records are skipped. The cursor moves on.",
    force_full:
      "Reads everything and sends every record to the target, also the unchanged. The cursor only moves forward.",
  }[mode];
}

/** A UUIDv7: the run has its name before anybody answered, and asking twice is asking once. */
export function newCorrelationId(now: number, random: Uint8Array = crypto.getRandomValues(new Uint8Array(10))): string {
  const time = Math.floor(now).toString(16).padStart(12, "0");
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((Number.parseInt(hex[3] ?? "0", 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`;
}
