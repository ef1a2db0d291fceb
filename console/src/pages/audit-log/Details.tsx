import { Drawer, Stack, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import type { Column } from "~/components/DataTable";
import { PayloadView } from "~/components/PayloadView";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Time } from "~/components/Time";
import { actionWords, type Change, changes, type Entry, plain } from "./words";

/** One entry: who, when, from where, and what was before and after. */
export function Details({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ["audit-log", "one", id],
    queryFn: () => api.get("/api/v1/audit-log/{entry}", { path: { entry: Number(id) } }) as Promise<Entry>,
    placeholderData: undefined,
  });
  const entry = query.data;
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={entry ? actionWords(entry.action) : "Entry"}>
      {query.error && <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />}
      {entry && <Body entry={entry} />}
    </Drawer>
  );
}

function Body({ entry }: { entry: Entry }) {
  const changed = changes(entry.details);
  const facts = [
    ["Object", entry.object],
    ["When", <Time key="at" at={entry.at} as="absolute" />],
    ["By", entry.actor],
    ["From", entry.ip ?? "unknown"],
    ["Tenant", entry.tenant === "*" ? "none: it concerns all" : entry.tenant],
  ] as const;
  return (
    <Stack gap="md">
      <Table layout="fixed" withRowBorders={false} verticalSpacing={4}>
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={90} scope="row">
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {changed.length > 0 && (
        <PlainTable
          name="What was changed"
          withTableBorder
          columns={CHANGES}
          rows={changed}
          rowId={(change) => change.name}
        />
      )}
      {Object.keys(entry.details).length > changed.length && <PayloadView payload={entry.details} label="Details" />}
    </Stack>
  );
}

const value = (shown: unknown) => <span style={{ overflowWrap: "anywhere" }}>{plain(shown)}</span>;
const CHANGES: Column<Change>[] = [
  { id: "value", header: "Value", cell: (change) => <code>{change.name}</code> },
  { id: "before", header: "Before", cell: (change) => value(change.before) },
  { id: "after", header: "After", cell: (change) => value(change.after) },
];
