import { Table, Text } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { CopyId } from "~/components/CopyId";
import { EmptyState } from "~/components/EmptyState";
import { PageLink } from "~/components/PageLink";
import { count, plural } from "~/state/format";
import classes from "./runs.module.css";
import { title } from "./Stages";

type RunReport = Schema<"RunReport">;

/** The failures of a run, alike ones together. */
export function Failures({ report }: { report: RunReport }) {
  if (report.failures.length === 0) {
    return (
      <EmptyState
        kind="nothing-yet"
        title={report.run.failed > 0 ? "Nothing is kept of these failures" : "Nothing failed"}
      >
        {report.run.failed > 0 && "Dead letters are let go 30 days after they were resolved."}
      </EmptyState>
    );
  }
  return (
    <>
      <Text size="sm" mb="xs">
        {plural(report.run.failed, "record")} failed.{" "}
        <PageLink to={links.deadLetters({ run: report.run.correlationId })}>Repair and replay them in the DLQ</PageLink>
      </Text>
      <FailureGroups report={report} />
    </>
  );
}

export function FailureGroups({ report, most = 50 }: { report: RunReport; most?: number }) {
  const run = report.run.correlationId;
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={6} aria-label="Failures of the run">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Error</Table.Th>
            <Table.Th w={110}>Stage</Table.Th>
            <Table.Th w={90} ta="right">
              Records
            </Table.Th>
            <Table.Th w={90} ta="right">
              Pending
            </Table.Th>
            <Table.Th w={200}>For example</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.failures.slice(0, most).map((group) => (
            <Table.Tr key={group.group}>
              <Table.Td className={classes.error}>
                <PageLink to={links.deadLetters({ run, group: group.group, view: "entries" })}>{group.error}</PageLink>
                <span className={classes.under}>
                  {group.code}
                  {group.field && ` · field ${group.field}`}
                </span>
              </Table.Td>
              <Table.Td>{title(group.stage)}</Table.Td>
              <Table.Td ta="right">{count(group.records)}</Table.Td>
              <Table.Td ta="right">{count(group.pending)}</Table.Td>
              <Table.Td>
                {group.sourceId && (
                  <CopyId value={group.sourceId} what="source ID" to={links.record(group.sourceId, { run })} />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
