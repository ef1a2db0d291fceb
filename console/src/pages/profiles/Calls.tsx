import { Text } from "@mantine/core";
import type { Schema } from "~/api/client";
import type { Column } from "~/components/column";
import { Panel } from "~/components/form/editor";
import { PlainTable } from "~/components/PlainTable";
import { Duration, RunId } from "~/components/values";
import type { Profile } from "./draft";

/** Which runs use the calls of a profile now, and which wait for their turn. */
export function Calls({ profile: { calls, maxConcurrent } }: { profile: Profile }) {
  return (
    <Panel name="Calls now" titled>
      {calls.runs.length === 0 ? (
        <Text c="dimmed">No calls now.</Text>
      ) : (
        <>
          <Text c="dimmed">
            {calls.inHand} of {maxConcurrent} in hand, {calls.waiting} waiting
          </Text>
          <PlainTable
            name="Calls by run"
            tabularNums
            columns={COLUMNS}
            rows={calls.runs}
            rowId={(run) => run.correlationId}
          />
        </>
      )}
    </Panel>
  );
}

const COLUMNS: Column<Schema<"RunCalls">>[] = [
  { id: "run", header: "Run", cell: (run) => <RunId id={run.correlationId} /> },
  { id: "stream", header: "Stream", cell: (run) => `${run.instance} / ${run.entityType}` },
  { id: "inHand", header: "In hand", align: "right", cell: (run) => run.inHand },
  { id: "waiting", header: "Waiting", align: "right", cell: (run) => run.waiting },
  { id: "longest", header: "Longest wait", align: "right", cell: (run) => <Duration from={run.waitingSince} /> },
];
