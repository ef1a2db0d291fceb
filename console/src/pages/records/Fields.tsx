import { Switch, Table } from "@mantine/core";
import { useState } from "react";
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
      <Table.ScrollContainer minWidth={520}>
        <Table withTableBorder verticalSpacing={4} className={classes.fields} aria-label={`Fields of ${step.stage}`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>From</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th>To</Table.Th>
              <Table.Th>Value</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((one) => (
              <Table.Tr key={one.target} data-changed={one.changed}>
                <Table.Td>{one.source ?? <span className={classes.dim}>fixed value</span>}</Table.Td>
                <Table.Td>
                  <Value text={one.before} />
                </Table.Td>
                <Table.Td>{one.target}</Table.Td>
                <Table.Td>
                  <Value text={one.after} />
                  {one.changed && <span className={classes.changed}>changed</span>}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {unused.length > 0 && (
        <p className={classes.dim}>
          Not read by the mapping: {plural(unused.length, "field")} ({unused.slice(0, 30).join(", ")}
          {unused.length > 30 && ", …"})
        </p>
      )}
    </>
  );
}

function Value({ text }: { text: string | null }) {
  if (text === null) return <span className={classes.dim}>–</span>;
  return <code className={classes.value}>{text}</code>;
}
