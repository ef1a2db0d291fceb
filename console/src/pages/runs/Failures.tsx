import { Text } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { EmptyState } from "~/components/EmptyState";
import { CodeLink } from "~/components/Help";
import { PlainTable } from "~/components/PlainTable";
import { CopyId, PageLink } from "~/components/values";
import { ForRepair } from "~/pages/dlq/ForRepair";
import { capital, count, plural } from "~/state/format";
import classes from "./runs.module.css";

type RunReport = Schema<"RunReport">;

/** The failures of a run, alike ones together. */
export function Failures({ report }: { report: RunReport }) {
  if (report.failures.length === 0) {
    return (
      <EmptyState title={report.run.failed > 0 ? "Nothing is kept of these failures" : "Nothing failed"}>
        {report.run.failed > 0 && "Dead letters are let go 30 days after they were resolved."}
      </EmptyState>
    );
  }
  return (
    <>
      <Text mb="xs">
        {plural(report.run.failed, "record")} failed.{" "}
        <PageLink to={links.deadLetters({ run: report.run.correlationId })}>
          <ForRepair otherwise="See" /> them in the DLQ
        </PageLink>
      </Text>
      <FailureGroups report={report} />
    </>
  );
}

export function FailureGroups({ report, most = 50 }: { report: RunReport; most?: number }) {
  return (
    <PlainTable
      name="Failures of the run"
      verticalSpacing={6}
      columns={columns(report.run.correlationId)}
      rows={report.failures.slice(0, most)}
      rowId={(group) => group.group}
    />
  );
}

const columns = (run: string): Column<RunReport["failures"][number]>[] => [
  {
    id: "error",
    header: "Error",
    cell: (group) => (
      <div className={classes.error}>
        <Text inherit lineClamp={3} title={group.error}>
          <PageLink to={links.deadLetters({ run, group: group.group, view: "entries" })}>{group.error}</PageLink>
        </Text>
        <div className="dim">
          <CodeLink code={group.code} />
          {group.field && ` · field ${group.field}`}
        </div>
      </div>
    ),
  },
  { id: "stage", header: "Stage", width: 110, cell: (group) => capital(group.stage) },
  { id: "records", header: "Records", width: 90, align: "right", cell: (group) => count(group.records) },
  { id: "pending", header: "Pending", width: 90, align: "right", cell: (group) => count(group.pending) },
  {
    id: "example",
    header: "For example",
    width: 200,
    cell: ({ sourceId }) =>
      sourceId && <CopyId value={sourceId} what="source ID" to={links.record(sourceId, { run })} />,
  },
];
