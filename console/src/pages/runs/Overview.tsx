import { Group, Progress, Stack } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { type FactList, Facts } from "~/components/Facts";
import { Notices } from "~/components/run/Notices";
import { RunState } from "~/components/run/RunState";
import { Waits } from "~/components/run/Waits";
import { MODE_WORDS } from "~/components/status";
import { PageLink, RunId, Time } from "~/components/values";
import { count, plural } from "~/state/format";
import { Chain } from "./Chain";
import { MiniBar, progressText } from "./Counters";
import { FailureGroups } from "./Failures";
import classes from "./runs.module.css";
import { Stages } from "./Stages";
import { Timeline } from "./Timeline";

type RunReport = Schema<"RunReport">;

export function Overview({ report }: { report: RunReport }) {
  return (
    <Stack gap="md">
      <Notices notices={report.run.notices} />
      <Numbers report={report} />
      {report.chain.length > 0 && <Chain report={report} />}
      <Stages report={report} />
      {report.failures.length > 0 && (
        <section className="panel" aria-label="What failed">
          <h2>What failed</h2>
          <FailureGroups report={report} most={5} />
        </section>
      )}
      <Timeline report={report} />
      <AskedFor report={report} />
    </Stack>
  );
}

function Numbers({ report: { run } }: { report: RunReport }) {
  const reasons = Object.entries(run.skipReasons).map(([reason, records]) => `${reason} ${count(records as number)}`);
  const recordsOf = (outcome: string) => links.run(run.correlationId, { tab: "records", outcome });
  const progress = progressText(run);
  return (
    <section className="panel" aria-label="Records">
      <div className={classes.tiles}>
        <Tile name={run.totalIsFinal ? "Total" : "Total, still rising"} value={run.total} />
        <Tile name="Success" value={run.success} to={recordsOf("success")} />
        <Tile name="Skipped" value={run.skipped} to={recordsOf("skipped")} under={reasons.join(", ")} />
        <Tile name="Failed" value={run.failed} tone={run.failed ? "bad" : undefined} to={recordsOf("failed")} />
        <Tile name="In flight" value={run.inFlight} to={recordsOf("in_flight")} />
      </div>
      <Group mt="md" gap="sm" wrap="nowrap" className={classes.progress}>
        {run.finishedAt ? (
          <MiniBar {...run} />
        ) : (
          <Progress
            flex={1}
            animated={!run.totalIsFinal}
            value={run.totalIsFinal && run.total ? ((run.total - run.inFlight) / run.total) * 100 : 100}
            aria-label={progress ?? "The source is being read"}
          />
        )}
        {!run.finishedAt && <span className={classes.two}>{progress ?? `${count(run.total)} found so far`}</span>}
      </Group>
      <Waits run={run} />
    </section>
  );
}

function Tile(props: { name: string; value: number; to?: string; under?: string; tone?: string | undefined }) {
  const { name, value, to, under, tone } = props;
  return (
    <div className={classes.tile}>
      <span className="dim">{name}</span>
      <span className={classes.tileValue} style={tone ? { color: `var(--sl-${tone}-text)` } : undefined}>
        {to && value > 0 ? (
          <PageLink to={to} c="inherit" aria-label={`${name}: ${count(value)} records`}>
            {count(value)}
          </PageLink>
        ) : (
          count(value)
        )}
      </span>
      {under && <span className="dim">{under}</span>}
    </div>
  );
}

function AskedFor({ report }: { report: RunReport }) {
  const { run, mapping } = report;
  const facts: FactList = [
    ["Mode", MODE_WORDS[run.mode] ?? run.mode],
    ["Source and target", `${run.source ?? "–"} → ${run.target ?? "–"}`],
    ["Mapping", mapping && <MappingLink mapping={mapping} />],
    ["Cursor before", report.movesCursor ? (report.cursorBefore ?? "not set: read from the beginning") : null],
    ["Cursor after", report.movesCursor ? (report.cursorAfter ?? (run.finishedAt ? "not set" : null)) : null],
    ["Cursor", report.movesCursor ? null : "neither read nor moved by this run"],
    [
      "Source IDs",
      report.askedIds &&
        `${plural(report.askedIds.length, "record")}: ${report.askedIds.slice(0, 20).join(", ")}${report.askedIds.length > 20 ? ", …" : ""}`,
    ],
    ["Max entities", run.maxEntities && count(run.maxEntities)],
    ["Batch size", count(run.batchSize)],
    ["Triggered", <Time key="created" at={run.createdAt} as="absolute" />],
    ["Started", run.startedAt && <Time at={run.startedAt} as="absolute" />],
    ["Source read until", run.extractedAt && <Time at={run.extractedAt} as="absolute" />],
    ["Ended", run.finishedAt && <Time at={run.finishedAt} as="absolute" />],
    ["Last retry due", !run.finishedAt && run.retryDueAt && <Time at={run.retryDueAt} />],
    ["Paused by", !run.finishedAt && run.pausedBy],
    [
      "Cancelled by",
      run.cancelRequestedBy && (
        <>
          {run.cancelRequestedBy}, <Time at={run.cancelRequestedAt} as="absolute" />
        </>
      ),
    ],
    ["Replays failures of", run.replayOf && <RunId id={run.replayOf} />],
    ["Replayed by", report.replays.length > 0 && <Replays report={report} />],
  ];
  return (
    <section className="panel" aria-label="What was asked for">
      <h2>What was asked for</h2>
      <Facts facts={facts} />
    </section>
  );
}

function MappingLink({ mapping }: { mapping: NonNullable<RunReport["mapping"]> }) {
  return (
    <>
      <PageLink to={links.mapping(mapping.name, { version: mapping.version })}>
        {mapping.name}, version {mapping.version}
      </PageLink>
      {mapping.version !== mapping.activeVersion && `; version ${mapping.activeVersion} is active now`}
    </>
  );
}

function Replays({ report }: { report: RunReport }) {
  return (
    <Stack gap={4}>
      {report.replays.map((run) => (
        <Group key={run.correlationId} gap="xs">
          <RunState run={run} />
          <RunId id={run.correlationId} />
          <span className="dim">{plural(run.total, "record")}</span>
        </Group>
      ))}
      {report.moreReplays && (
        <PageLink to={links.runs({ parent: report.run.correlationId })}>All replays of this run</PageLink>
      )}
    </Stack>
  );
}
