import { Alert, Button, Group, Paper, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { filtersOf } from "~/components/filters";
import { EmptyList, useList } from "~/components/list";
import { May } from "~/components/May";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { PageLink, RunId, StatusBadge, Time } from "~/components/values";
import { capital, count, percent, plural } from "~/state/format";
import { useUrlState } from "~/state/url";
import { abort, undo } from "./operations";
import { doneOf, type Item, leftOf, type Operation, resultsText, resultWord, VERBS } from "./words";

export default function OperationPage() {
  const { id = "" } = useParams({ from: "/signed-in/operations/$id" });
  const found = useQuery({
    queryKey: ["operations", id],
    queryFn: () => api.get("/api/v1/operations/{operation_id}", { path: { operation_id: id } }),
    refetchInterval: (query) => (query.state.data?.finishedAt ? false : 1_000),
  });
  const operation = found.data?.id === id ? found.data : undefined;
  const title = operation ? `${VERBS[operation.kind]} of ${plural(operation.total, "entry", "entries")}` : "Operation";
  return (
    <>
      <PageHeader
        title={title}
        parent={{ title: "Operations", to: links.operations() }}
        beside={operation && <StatusBadge of="operation" state={operation.state} size="md" />}
        purpose={operation?.selection}
        actions={operation && <Actions operation={operation} />}
      />
      {found.error && <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />}
      {operation && (
        <Stack gap="md">
          <Facts operation={operation} />
          <Items operation={operation} />
        </Stack>
      )}
    </>
  );
}

function Actions({ operation }: { operation: Operation }) {
  if (operation.undoneBy) return <PageLink to={links.operation(operation.undoneBy)}>Undone: see the restore</PageLink>;
  const undoable =
    operation.state === "waiting" ||
    (operation.kind === "discard" && operation.finishedAt && operation.results.discarded);
  return (
    <May permission="dead_letters">
      {!operation.finishedAt && operation.state !== "waiting" && !operation.stopped && (
        <Button variant="default" onClick={() => void abort(operation)}>
          Abort
        </Button>
      )}
      {undoable && (
        <Button variant="default" onClick={() => void undo(operation)}>
          Undo
        </Button>
      )}
    </May>
  );
}

function Facts({ operation }: { operation: Operation }) {
  const done = doneOf(operation);
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb={6}>
        <Text fw={600} size="md">
          {count(done)} of {count(operation.total)} ({percent(done, operation.total)})
        </Text>
        <Text c="dimmed">
          {operation.finishedAt
            ? leftOf(operation) > 0 && `${count(leftOf(operation))} not started: they are as they were`
            : `${count(operation.waiting)} waiting, ${count(operation.underWay)} under way`}
        </Text>
      </Group>
      <Progress value={operation.total ? (done / operation.total) * 100 : 0} aria-label="Progress" />
      {operation.stopped && (
        <Alert mt="sm" p="xs" color="yellow">
          {capital(operation.stopped)}: {count(done)} of {plural(operation.total, "entry", "entries")} done
          {resultsText(operation.results) && ` (${resultsText(operation.results)})`}.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 3 }} mt="sm" spacing="xs" verticalSpacing={4}>
        <Text>
          By {operation.actor}, <Time at={operation.createdAt} />
        </Text>
        <Text>
          Entries stored until <Time at={operation.asOf} as="absolute" />
        </Text>
        <Text>{operation.reason ? `Reason: ${operation.reason}` : "No reason given"}</Text>
        {operation.kind === "replay" && (
          <Text>
            {operation.fromStage === "ingest" ? "Read again from the source" : "From the failed stage"}
            {operation.rate !== null && `, ${operation.rate} a second`}
            {operation.stopOnRepeat && ", stops at the first repeat"}
          </Text>
        )}
        {operation.undoOf && <PageLink to={links.operation(operation.undoOf)}>Undoes an earlier operation</PageLink>}
      </SimpleGrid>
    </Paper>
  );
}

function Items({ operation }: { operation: Operation }) {
  const [view, setView] = useUrlState("/signed-in/operations/$id");
  const { result, cursor } = view;
  const query = { limit: 50, result, cursor };
  const list = useList<Item>({
    // What was read last before the end may be older than the end.
    key: ["operations", operation.id, "items", query, operation.finishedAt],
    fetch: () => api.get("/api/v1/operations/{operation_id}/items", { path: { operation_id: operation.id }, query }),
    every: operation.finishedAt ? 0 : 2_000,
  });
  const results = Object.entries(operation.results).map(([value, n]) => [value, `${resultWord(value)} (${count(n)})`]);
  const filters = filtersOf(view, setView, {
    result: {
      label: "Any result",
      name: "Result",
      width: 220,
      words: Object.fromEntries(results),
      says: (one) => `result ${resultWord(one)}`,
    },
  });
  return (
    <DataTable
      {...list}
      name="Entries of the operation"
      columns={COLUMNS}
      rowId={(item) => item.entry}
      toolbar={filters.controls}
      empty={<EmptyList what="entries" filters={filters} title="No entries" />}
      counted={list.rows && plural(list.rows.length, "entry", "entries")}
    />
  );
}

const COLUMNS: Column<Item>[] = [
  { id: "number", header: "No.", align: "right", cell: (item) => count(item.number) },
  {
    id: "source",
    header: "Source ID",
    cell: (item) => <PageLink to={links.deadLetter(item.entry)}>{item.sourceId ?? item.entry}</PageLink>,
  },
  { id: "result", header: "Result", cell: (item) => <Result item={item} /> },
  {
    id: "note",
    header: "Why",
    width: "42%",
    cell: (item) => (
      <span style={{ overflowWrap: "anywhere" }}>
        {item.note}{" "}
        {item.againId && (
          <PageLink underline="always" to={links.deadLetter(item.againId)}>
            open the new entry
          </PageLink>
        )}
      </span>
    ),
  },
  { id: "run", header: "Run", cell: (item) => <RunId id={item.correlationId} /> },
  { id: "finished", header: "Finished", cell: (item) => <Time at={item.finishedAt} /> },
];

function Result({ item }: { item: Item }) {
  if (item.result === null) return <StatusBadge of="record" state={item.state === "asked" ? "in_flight" : "pending"} />;
  const known = ["success", "unchanged", "excluded", "superseded", "failed"].includes(item.result);
  return known ? <StatusBadge of="record" state={item.result} /> : <span>{resultWord(item.result)}</span>;
}
