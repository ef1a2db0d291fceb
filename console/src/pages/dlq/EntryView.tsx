import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { CopyId } from "~/components/CopyId";
import { PageLink } from "~/components/PageLink";
import { PayloadView } from "~/components/PayloadView";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge } from "~/components/StatusBadge";
import { EntryActions } from "./EntryActions";
import { Facts } from "./Facts";
import { History } from "./History";
import { Section } from "./Section";
import { advice, type Detail } from "./words";

/** Everything about one entry: what went wrong, with what, what was tried, and what can be done. */
export function EntryView({ id, inDialog = false }: { id: string; inDialog?: boolean }) {
  const found = useQuery({
    queryKey: ["dlq-entry", id],
    queryFn: () => api.get("/api/v1/dlq/{letter_id}", { path: { letter_id: id } }),
    refetchInterval: (query) => (isUnderWay(query.state.data) ? 1_000 : false),
  });
  if (found.error && !found.data) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data || found.data.entry.id !== id) return <Skeleton height={320} />;
  return <Entry detail={found.data} inDialog={inDialog} />;
}

/** Whether an entry was replayed and its record has no outcome yet. */
function isUnderWay(detail: Detail | undefined) {
  return detail?.entry.status === "replayed" && (detail.outcome === null || detail.outcome === "in_flight");
}

function Entry({ detail, inDialog }: { detail: Detail; inDialog: boolean }) {
  const { entry } = detail;
  const empty = detail.payload === null || detail.payload === "null";
  return (
    <Stack gap="md">
      <Group gap="sm">
        <StatusBadge of="letter" state={entry.status} />
        <StatusBadge of="category" state={entry.category} />
        <CopyId value={entry.id} what="ID of the entry" />
      </Group>
      <Section title="Error">
        <Text size="sm" fw={550} style={{ overflowWrap: "anywhere" }}>
          {entry.error}
        </Text>
        {detail.detail && detail.detail !== entry.error && (
          <PayloadView payload={detail.detail} label="In full" maxHeight={180} />
        )}
        <Text size="sm" c="dimmed">
          {entry.code}
          {entry.field && ` · field ${entry.field}`} · {advice(entry.category)}
        </Text>
      </Section>
      <EntryActions detail={detail} inDialog={inDialog} />
      <Facts entry={entry} />
      <Section title="Payload">
        <PayloadView
          payload={empty ? null : detail.payload}
          label={`Input of ${entry.stage}`}
          missing="This stage had no payload: the record was not read, or could not be."
        />
        {detail.isMasked && (
          <Text size="sm" c="dimmed">
            *** stands for a secret of a connection profile. It is stored and replayed as it was.
          </Text>
        )}
      </Section>
      {detail.edit !== null && <Edited edit={detail.edit} />}
      <History detail={detail} />
      <Section title="Related">
        <Group gap="md">
          {entry.sourceId !== null && (
            <>
              <PageLink to={links.record(entry.sourceId)}>This record in all runs</PageLink>
              <PageLink to={links.deadLetters({ view: "entries", sourceId: entry.sourceId })}>
                Its other dead letters
              </PageLink>
            </>
          )}
          <PageLink to={links.deadLetters({ view: "entries", group: entry.group })}>Entries that failed alike</PageLink>
        </Group>
      </Section>
    </Stack>
  );
}

function Edited({ edit }: { edit: Record<string, unknown> }) {
  return (
    <Section title="Edited before its replay">
      <Text size="sm">
        by {String(edit.author)}: {String(edit.reason)}
      </Text>
      <PayloadView payload={edit.patch} label="Change (JSON Patch)" maxHeight={220} />
    </Section>
  );
}
