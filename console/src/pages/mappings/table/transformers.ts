/** How an option is typed in: a text, a number, yes or no, a list of names, or any JSON. */
export type OptionKind = "text" | "number" | "switch" | "names" | "json";

export interface Transformer {
  /** What it makes of a value, in one line. */
  help: string;
  options: Record<string, OptionKind>;
}

/** The transformers that every installation has; docs/mappings.md says more of each. */
export const TRANSFORMERS: Record<string, Transformer> = {
  boolToStatus: { help: "A label for true, and one for false.", options: { trueValue: "text", falseValue: "text" } },
  coalesce: { help: "The first of this value and other fields that is not empty.", options: { fields: "names" } },
  concat: { help: "This value and other fields as one text.", options: { fields: "names", separator: "text" } },
  dateFormat: {
    help: "A date as text, such as dd.MM.yyyy, in a time zone.",
    options: { format: "text", inputFormat: "text", timezone: "text" },
  },
  dateTime: {
    help: "A date joined with another column's time of day.",
    options: { timeField: "text", seconds: "switch" },
  },
  formatDecimal: { help: "Text with fixed decimal places, rounded half up.", options: { decimals: "number" } },
  hash: { help: "Hex digits that stand for the value: sha256, sha1 or md5.", options: { algorithm: "text" } },
  join: { help: "A text of a list.", options: { separator: "text" } },
  lookup: {
    help: "Another value for each, by a map; without default a miss fails.",
    options: { map: "json", default: "text" },
  },
  lower: { help: "Small letters.", options: {} },
  parseNumber: { help: "A number of a text such as 1.234,50.", options: { decimal: "text", thousands: "text" } },
  regexExtract: {
    help: "The part of a text that a pattern (RE2) finds; without default a miss fails.",
    options: { pattern: "text", group: "number", default: "text" },
  },
  replace: { help: "Every occurrence of a text replaced by another.", options: { search: "text", replace: "text" } },
  round: { help: "A number with fewer decimal places, rounded half up.", options: { decimals: "number" } },
  sapYesNo: { help: "Y or N as true or false; anything else fails.", options: {} },
  split: { help: "A list of a text.", options: { separator: "text" } },
  substring: { help: "Part of a text.", options: { start: "number", length: "number" } },
  toBool: { help: "Null, empty text and 0 are false, all else is true: so N is true.", options: {} },
  toDecimal: { help: "A decimal number of a text.", options: {} },
  toInt: { help: "A whole number; the fraction is cut off.", options: {} },
  toString: { help: "The value as text.", options: {} },
  trim: { help: "Text without blanks at its ends.", options: {} },
  upper: { help: "Capital letters.", options: {} },
};

/** What is known of a transformer by its name, in any case; undefined of one that a plug-in brings. */
export function transformerOf(name: string): Transformer | undefined {
  const found = Object.keys(TRANSFORMERS).find((one) => one.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : TRANSFORMERS[found];
}
