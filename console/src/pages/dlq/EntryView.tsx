import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { type FactList, Facts } from "~/components/Facts";
import { CodeLink } from "~/components/Help";
import { PageHeader } from "~/components/PageHeader";
import { PayloadView } from "~/components/PayloadView";
import { ProblemAlert } from "~/components/ProblemAlert";
import { CopyId, PageLink, RunId, StatusBadge, Time } from "~/components/values";
import { EntryActions } from "./EntryActions";
import { History, Section } from "./History";
import { advice, type Detail, type Letter } from "./words";

export default function DeadLetterPage() {
  const { id = "" } = useParams({ from: "/signed-in/dlq/$id" });
  return (
    <>
      <PageHeader title="Dead letter" parent={{ title: "Dead Letter Queue", to: links.deadLetters() }} />
      <EntryView id={id} />
    </>
  );
}

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
        <Text fw={550} style={{ overflowWrap: "anywhere" }}>
          {entry.error}
        </Text>
        {detail.detail && detail.detail !== entry.error && (
          <PayloadView payload={detail.detail} label="In full" maxHeight={180} />
        )}
        <Text c="dimmed">
          <CodeLink code={entry.code} />
          {entry.field && ` · field ${entry.field}`} · {advice(entry.category)}
        </Text>
      </Section>
      <EntryActions detail={detail} inDialog={inDialog} />
      <Facts facts={factsOf(entry)} />
      <Section title="Payload">
        <PayloadView
          payload={empty ? null : detail.payload}
          label={`Input of ${entry.stage}`}
          missing={missing(detail)}
        />
        {detail.isMasked && (
          <Text c="dimmed">*** stands for a secret of a connection profile. It is stored and replayed as it was.</Text>
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

/** Why there is no payload. */
function missing({ entry, isHidden }: Detail) {
  if (isHidden) return "You may not see payloads: a Platform Admin may let you.";
  if (entry.erasedBy) return `Erased by ${entry.erasedBy}.`;
  return "This stage had no payload: the record was not read, or could not be.";
}

function Edited({ edit }: { edit: Record<string, unknown> }) {
  return (
    <Section title="Edited before its replay">
      <Text>
        by {String(edit.author)}: {String(edit.reason)}
      </Text>
      <PayloadView payload={edit.patch} label="Change (JSON Patch)" maxHeight={220} />
    </Section>
  );
}

/** Where, when and of what. */
function factsOf(entry: Letter): FactList {
  return [
    [
      "Source ID",
      entry.sourceId ? (
        <CopyId key="id" value={entry.sourceId} what="source ID" to={links.record(entry.sourceId)} />
      ) : (
        "–"
      ),
    ],
    [
      "Instance",
      entry.instance ? (
        <PageLink key="instance" to={links.instance(entry.instance)}>
          {entry.instance}
        </PageLink>
      ) : (
        "–"
      ),
    ],
    ["From, to", entry.source ? `${entry.source} → ${entry.target}` : "–"],
    ["Entity type", entry.entityType ?? "–"],
    ["Failed stage", entry.stage],
    ["Failed", <Time key="failed" at={entry.failedAt} as="absolute" />],
    ["Retries", String(entry.retries)],
    ["Mapping version", entry.mappingVersion ?? "–"],
    ["Run", <RunId key="run" id={entry.correlationId} />],
  ];
}
