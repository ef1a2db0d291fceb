import { Text } from "@mantine/core";
import { api } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { EmptyState } from "~/components/EmptyState";
import { ListPage, useList } from "~/components/list";
import { May } from "~/components/May";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { count, plural } from "~/state/format";
import { useUrlState } from "~/state/url";
import { doneOf, type Operation, resultsText, VERBS } from "./words";

export default function OperationsPage() {
  const [{ cursor }] = useUrlState("/signed-in/operations");
  const list = useList<Operation>({
    key: ["operations", "list", cursor],
    fetch: () => api.get("/api/v1/operations", { query: { cursor } }),
    every: 3_000,
  });
  return (
    <ListPage
      title="Operations"
      parent={{ title: "Dead Letter Queue", to: links.deadLetters() }}
      purpose="What was done to many dead letters at once: by whom, why, and how each of them ended."
      list={list}
      columns={COLUMNS}
      rowId={(row) => row.id}
      link={(row) => links.operation(row.id)}
      empty={
        <EmptyState title="No operations yet">
          <May permission="dead_letters" to="replay or discard dead letters">
            Select entries of the Dead Letter Queue, or a group of them, and replay or discard them together.
          </May>
        </EmptyState>
      }
      counted={list.rows && plural(list.rows.length, "operation")}
    />
  );
}

/** A text as it was typed, of which the tooltip has what two lines cannot hold. */
function TwoLines({ children }: { children: string }) {
  return (
    <Text inherit lineClamp={2} title={children} style={{ overflowWrap: "anywhere" }}>
      {children}
    </Text>
  );
}

const COLUMNS: Column<Operation>[] = [
  {
    id: "state",
    header: "State",
    cell: (row) => <StatusBadge of="operation" state={row.state} reason={row.stopped} />,
  },
  {
    id: "what",
    header: "What",
    cell: (row) => (
      <PageLink to={links.operation(row.id)} style={{ whiteSpace: "nowrap" }}>
        {VERBS[row.kind]} of {plural(row.total, "entry", "entries")}
      </PageLink>
    ),
  },
  { id: "selection", header: "Selection", width: "24%", cell: (row) => <TwoLines>{row.selection}</TwoLines> },
  {
    id: "done",
    header: "Done",
    align: "right",
    cell: (row) => (
      <span style={{ whiteSpace: "nowrap" }}>
        {count(doneOf(row))} of {count(row.total)}
      </span>
    ),
  },
  { id: "results", header: "Results", cell: (row) => resultsText(row.results) },
  { id: "reason", header: "Reason", cell: (row) => (row.reason ? <TwoLines>{row.reason}</TwoLines> : "–") },
  { id: "actor", header: "By", cell: (row) => row.actor },
  { id: "created", header: "Began", cell: (row) => <Time at={row.createdAt} /> },
];
