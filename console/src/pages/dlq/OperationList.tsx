import { api } from "~/api/client";
import { links } from "~/app/links";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/PageLink";
import { Pager } from "~/components/Pager";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { useList } from "~/components/useList";
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
    <>
      <PageHeader
        title="Operations"
        parent={{ title: "Dead Letter Queue", to: links.deadLetters() }}
        purpose="What was done to many dead letters at once: by whom, why, and how each of them ended."
      />
      <DataTable
        {...list}
        name="Operations"
        columns={COLUMNS}
        rowId={(row) => row.id}
        link={(row) => links.operation(row.id)}
        empty={
          <EmptyState kind="nothing-yet" title="No operations yet">
            Select entries of the Dead Letter Queue, or a group of them, and replay or discard them together.
          </EmptyState>
        }
      />
      <Pager next={list.next}>{list.rows && plural(list.rows.length, "operation")}</Pager>
    </>
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
      <PageLink to={links.operation(row.id)}>
        {VERBS[row.kind]} of {plural(row.total, "entry", "entries")}
      </PageLink>
    ),
  },
  { id: "selection", header: "Selection", width: "26%", cell: (row) => row.selection },
  { id: "done", header: "Done", align: "right", cell: (row) => `${count(doneOf(row))} of ${count(row.total)}` },
  { id: "results", header: "Results", cell: (row) => resultsText(row.results) },
  { id: "reason", header: "Reason", cell: (row) => row.reason ?? "–" },
  { id: "actor", header: "By", cell: (row) => row.actor },
  { id: "created", header: "Began", cell: (row) => <Time at={row.createdAt} /> },
];
