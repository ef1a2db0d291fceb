import { LosslessNumber, parse, stringify } from "lossless-json";

/** Fields of answers that hold records of customers: their numbers stay exactly as they were sent. */
const PAYLOADS = new Set([
  "payload",
  "input",
  "output",
  "raw",
  "canonical",
  "sample",
  "samples",
  "record",
  "edited",
  "patch",
  "before",
  "after",
]);

/** Parses an answer. Inside payloads, 23958446825181076828 and 1.10 stay what they are. */
export function parseAnswer(text: string): unknown {
  return outside(parse(text));
}

function outside(value: unknown): unknown {
  if (value instanceof LosslessNumber) return Number(value.value);
  if (Array.isArray(value)) return value.map(outside);
  if (value === null || typeof value !== "object") return value;
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) result[name] = PAYLOADS.has(name) ? item : outside(item);
  return result;
}

/** Text of a payload, indented, its numbers untouched. Text that is no JSON is shown as it is. */
export function payloadText(payload: unknown): string {
  if (typeof payload !== "string") return stringify(payload, undefined, 2) ?? "";
  try {
    return stringify(parse(payload), undefined, 2) ?? payload;
  } catch {
    return payload;
  }
}

/** Parses what a person typed, exactly. Throws a SyntaxError that says where. */
export function parsePayload(text: string): unknown {
  return parse(text);
}

/** A request body that a person wrote: it is sent as it is, so that no number becomes another. */
export class JsonText {
  constructor(readonly text: string) {}
}

export function isJson(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Encodes a request body; numbers from payloads go back as they came. */
export function encodeBody(body: unknown): string {
  return body instanceof JsonText ? body.text : (stringify(body) ?? "");
}
