import { Group } from "@mantine/core";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { ExportMenu } from "~/components/ExportMenu";
import { filtersOf } from "~/components/filters";
import { EmptyList, useList } from "~/components/list";
import { STAGE_WORDS } from "~/components/status";
import { CopyId, PageLink, StatusBadge } from "~/components/values";
import { ForRepair } from "~/pages/dlq/ForRepair";
import { capital } from "~/state/format";
import { useUrlState } from "~/state/url";
import type { RunView } from "./live";

type RunRecord = Schema<"RunRecord">;
const OUTCOMES: Record<string, string> = {
  success: "Success",
  skipped: "Skipped, any reason",
  unchanged: "Skipped: unchanged",
  excluded: "Skipped: excluded",
  superseded: "Skipped: superseded",
  cancelled: "Skipped: cancelled",
  failed: "Failed",
  in_flight: "In flight",
};
const EVERY = 5_000;

/** The records of a run: filtered and paged by the server, however many there are. */
export function RunRecords({ run }: { run: RunView }) {
  const [view, setView] = useUrlState("/signed-in/runs/$runId");
  const { outcome, source, stage, attempts, cursor } = view;
  const filter = {
    ...(outcome && { outcome: outcome as "success" }),
    sourceId: source,
    ...(stage && { stage: stage as "ingest" }),
    attempts,
  };
  const query = { ...filter, limit: 50, cursor };
  const list = useList<RunRecord>({
    key: ["run-records", run.correlationId, query],
    fetch: (signal) =>
      api.get("/api/v1/runs/{correlation_id}/records", { path: { correlation_id: run.correlationId }, query, signal }),
    every: run.finishedAt ? 0 : EVERY,
  });
  const filters = filtersOf(view, setView, {
    outcome: { label: "Any outcome", width: 190, words: OUTCOMES, says: (one) => OUTCOMES[one] ?? one },
    source: { label: "Source ID", says: (one) => `Source ID ${one}` },
    stage: {
      label: "Any stage",
      width: 130,
      words: STAGE_WORDS,
      says: (one) => `Tried again or given up in ${capital(one)}`,
    },
    attempts: {
      label: "Any attempts",
      width: 140,
      words: { 2: "Tried again", 3: "3 or more", 4: "4 or more" },
      says: (one) => `At least ${one} attempts`,
    },
  });
  const passport = (record: RunRecord) => links.record(record.sourceId, { run: run.correlationId });
  return (
    <DataTable
      {...list}
      name="Records of the run"
      columns={columns(passport)}
      rowId={(record) => `${record.batch}/${record.slot}`}
      link={(record) => passport(record)}
      toolbar={
        <Group gap="xs">
          {filters.controls}
          <ExportMenu
            size="xs"
            list={`/api/v1/runs/${run.correlationId}/records`}
            query={filter}
            note="In the order of the run"
          />
        </Group>
      }
      empty={
        <EmptyList what="records" filters={filters} title="No records">
          {run.finishedAt ? "The run found nothing to do." : "Records appear here as they are found."}
        </EmptyList>
      }
    />
  );
}

function columns(passport: (record: RunRecord) => string): Column<RunRecord>[] {
  return [
    {
      id: "source",
      header: "Source ID",
      cell: (record) => <CopyId value={record.sourceId} what="source ID" to={passport(record)} />,
    },
    { id: "outcome", header: "Outcome", cell: (record) => <StatusBadge of="record" state={record.outcome} /> },
    { id: "attempts", header: "Attempts", align: "right", cell: (record) => record.attempts },
    { id: "stage", header: "Given up in", cell: (record) => (record.stage ? capital(record.stage) : "") },
    { id: "error", header: "Error", width: "40%", cell: (record) => record.error },
    {
      id: "letter",
      header: "Dead letter",
      cell: (record) =>
        record.deadLetter && (
          <PageLink to={links.deadLetter(record.deadLetter)}>
            <ForRepair otherwise="Open the dead letter" />
          </PageLink>
        ),
    },
    { id: "place", header: "Batch", align: "right", hidden: true, cell: (record) => `${record.batch}/${record.slot}` },
  ];
}
