import { Group, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { api } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { CopyId, RunId, StatusBadge, Time } from "~/components/values";
import { plural } from "~/state/format";
import { Arrived } from "./Arrived";
import { BulkBar } from "./BulkBar";
import { Empty } from "./Empty";
import { filterOf, type SetView, useDlqFilters, type View } from "./filters";
import { type Letter, retriesTone, useKinds } from "./words";

const LIMIT = 50;

/** Entries one by one, the newest first where no other order is asked for. */
export function EntriesTable({ view, setView }: { view: View; setView: SetView }) {
  const filter = filterOf(view);
  const kinds = useKinds(view.status);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const scope = JSON.stringify([view.status, filter]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter, another selection
  useEffect(() => setSelected(new Set()), [scope]);
  const filters = useDlqFilters(view, setView);
  const sort = useSort(COLUMNS);
  const query = { ...filter, status: view.status, sort, limit: LIMIT, cursor: view.cursor };
  const list = useList<Letter>({
    key: ["dlq", "entries", query],
    fetch: (signal) => api.get("/api/v1/dlq", { query, signal }),
  });
  return (
    <DataTable
      {...list}
      name="Dead letters"
      columns={COLUMNS}
      sortedBy="-failedAt"
      rowId={(row) => row.id}
      openId={view.entry}
      onOpen={(row) => setView({ entry: row.id, cursor: view.cursor })}
      selected={selected}
      {...(kinds.length > 0 && { onSelect: setSelected })}
      toolbar={
        <Stack gap={6}>
          {filters.controls}
          <BulkBar view={view} selected={selected} onClear={() => setSelected(new Set())} />
        </Stack>
      }
      empty={<Empty view={view} setView={setView} />}
      counted={
        <Group gap="xs">
          {list.rows && plural(list.rows.length, "entry", "entries")}
          <Arrived view={view} newestShown={list.rows?.[0]?.failedAt} />
        </Group>
      }
    />
  );
}

export const COLUMNS: Column<Letter>[] = [
  { id: "category", header: "Category", cell: (row) => <StatusBadge of="category" state={row.category} /> },
  {
    id: "source",
    header: "Source ID",
    sort: "sourceId",
    cell: (row) =>
      row.sourceId === null ? "–" : <CopyId value={row.sourceId} what="source ID" to={links.record(row.sourceId)} />,
  },
  { id: "instance", header: "Instance", cut: true, cell: (row) => row.instance ?? "–" },
  { id: "type", header: "Entity type", cut: true, cell: (row) => row.entityType ?? "–" },
  { id: "stage", header: "Stage", cell: (row) => row.stage },
  {
    id: "error",
    header: "Error",
    width: "34%",
    cell: (row) => (
      <Text lineClamp={2} inherit style={{ overflowWrap: "anywhere" }}>
        {row.error}
      </Text>
    ),
  },
  { id: "retries", header: "Retries", align: "right", sort: "-retries", cell: (row) => <Retries of={row.retries} /> },
  { id: "failed", header: "Failed", sort: "-failedAt", cell: (row) => <Time at={row.failedAt} /> },
  { id: "run", header: "Run", cell: (row) => <RunId id={row.correlationId} /> },
  { id: "version", header: "Mapping version", align: "right", cell: (row) => row.mappingVersion ?? "–", hidden: true },
  { id: "code", header: "Code", cell: (row) => row.code, hidden: true },
];

/** The number itself; amber from 3, red from 5. */
function Retries({ of }: { of: number }) {
  const tone = retriesTone(of);
  return <span style={tone && { color: `var(--sl-${tone}-text)`, fontWeight: 650 }}>{of}</span>;
}
