import { Button, Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { May } from "~/components/May";
import { PageLink, StatusBadge } from "~/components/values";
import { count } from "~/state/format";
import { abort, refresh, undo } from "./operations";
import { doneOf, type Operation, resultsText, VERBS } from "./words";

/** What the server is doing to entries right now, with the way to stop it. */
export function RunningOperations() {
  const running = useQuery({
    queryKey: ["operations", "running"],
    queryFn: () => api.get("/api/v1/operations", { query: { running: true, limit: 5 } }),
    refetchInterval: (query) => (query.state.data?.items.length ? 1_000 : 10_000),
  }).data?.items;
  const before = useRef(0);
  useEffect(() => {
    const now = running?.length ?? 0;
    if (now < before.current) void refresh();
    before.current = now;
  }, [running]);
  if (!running?.length) return null;
  return (
    <Stack gap={6} mt={6} mb="md" role="region" aria-label="Running operations">
      {running.map((operation) => (
        <Running key={operation.id} operation={operation} />
      ))}
    </Stack>
  );
}

function Running({ operation }: { operation: Operation }) {
  const done = doneOf(operation);
  const waits = operation.state === "waiting";
  return (
    <Paper withBorder p="xs">
      <Group gap="4px 12px">
        <StatusBadge of="operation" state={operation.state} />
        <PageLink to={links.operation(operation.id)}>
          {VERBS[operation.kind]} of {count(operation.total)}
        </PageLink>
        <Text c="dimmed" truncate flex={1}>
          {waits ? "begins in a few seconds" : resultsText(operation.results) || operation.selection}
        </Text>
        <Text>
          {count(done)} of {count(operation.total)}
        </Text>
        <May permission="dead_letters">
          {waits ? (
            <Button size="compact-xs" variant="default" onClick={() => void undo(operation)}>
              Undo
            </Button>
          ) : (
            <Button size="compact-xs" variant="default" onClick={() => void abort(operation)}>
              Abort
            </Button>
          )}
        </May>
      </Group>
      <Progress value={operation.total ? (done / operation.total) * 100 : 0} size="xs" mt={6} aria-label="Progress" />
    </Paper>
  );
}
