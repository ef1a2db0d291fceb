import { Switch } from "@mantine/core";
import { useState } from "react";
import type { Column } from "~/components/column";
import { PlainTable } from "~/components/PlainTable";
import { plural } from "~/state/format";
import classes from "./passport.module.css";
import type { Step } from "./payloads";

/** What became of each field, by the mapping that the run pinned. Values are shown as they were sent. */
export function Fields({ step, unused }: { step: Step; unused: string[] }) {
  const [onlyChanged, setOnlyChanged] = useState(false);
  const shown = onlyChanged ? step.changes.filter((one) => one.changed) : step.changes;
  return (
    <>
      <Switch
        size="xs"
        my={6}
        label="Only what changed"
        checked={onlyChanged}
        onChange={(event) => setOnlyChanged(event.currentTarget.checked)}
      />
      <PlainTable
        name={`Fields of ${step.stage}`}
        withTableBorder
        verticalSpacing={4}
        className={classes.fields}
        columns={COLUMNS}
        rows={shown}
        rowId={(one) => one.target}
        rowProps={(one) => ({ "data-changed": one.changed })}
      />
      {unused.length > 0 && (
        <p className="dim">
          Not read by the mapping: {plural(unused.length, "field")} ({unused.slice(0, 30).join(", ")}
          {unused.length > 30 && ", …"})
        </p>
      )}
    </>
  );
}

const COLUMNS: Column<Step["changes"][number]>[] = [
  { id: "from", header: "From", cell: (one) => one.source ?? <span className="dim">fixed value</span> },
  { id: "before", header: "Value", cell: (one) => <Value text={one.before} /> },
  {
    id: "to",
    header: "To",
    cell: (one) => (
      <>
        {one.target}
        {one.onCreate && <div className="dim">sent only when created</div>}
      </>
    ),
  },
  {
    id: "after",
    header: "Value",
    cell: (one) => (
      <>
        <Value text={one.after} />
        {one.changed && <span className={classes.changed}>changed</span>}
      </>
    ),
  },
];

function Value({ text }: { text: string | null }) {
  if (text === null) return <span className="dim">–</span>;
  return <code className={classes.value}>{text}</code>;
}
