import type { Suggestion, SystemNames } from "../completion";
import { pathOf } from "./proposals";
import { type Table, textAt } from "./rows";
import type { SystemSide } from "./useSystems";

/** What the JSON completes from the systems and from the mapping itself. */
export function suggestionsOf(
  table: Table | undefined,
  { source, target }: { source: SystemSide; target: SystemSide },
): Record<SystemNames, readonly Suggestion[]> {
  const listed = (fields: SystemSide["fields"]) => fields.map((one) => ({ label: pathOf(one.name), detail: one.type }));
  const made = (table?.rows ?? []).map((row) => textAt(row.read?.field, "target")).filter(Boolean);
  return {
    sourceTables: source.tables.map((label) => ({ label })),
    targetTables: target.tables.map((label) => ({ label })),
    columns: listed(source.fields),
    fields: listed(target.fields),
    made: [...new Set(made)].map((label) => ({ label, detail: "canonical" })),
  };
}
