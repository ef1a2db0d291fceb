import { Progress } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageLink } from "~/components/PageLink";
import { RunId } from "~/components/RunId";
import { StatusBadge } from "~/components/StatusBadge";
import { FINAL_RUN_STATES } from "~/components/status";
import { Duration, Time } from "~/components/Time";
import { useRuns } from "~/live/useRuns";
import { count, percent } from "~/state/format";
import classes from "./monitor.module.css";

type RunStatus = Schema<"RunStatus">;

/** Runs that are active now, live. */
export function ActiveRuns() {
  const { data } = useRuns();
  const active = [...(data?.values() ?? [])].filter((run) => !FINAL_RUN_STATES.includes(run.state));
  active.sort((one, other) => (one.correlationId < other.correlationId ? 1 : -1));
  if (!data) return <p className={classes.why}>Connecting …</p>;
  if (!active.length) return <p className={classes.why}>No run is active.</p>;
  return (
    <table className={classes.runs} aria-label="Active runs">
      <thead>
        <tr>
          <th>Run</th>
          <th>Instance</th>
          <th>State</th>
          <th style={{ width: "28%" }}>Progress</th>
          <th>Failed</th>
          <th>Elapsed</th>
        </tr>
      </thead>
      <tbody>
        {active.map((run) => (
          <ActiveRun key={run.correlationId} run={run} />
        ))}
      </tbody>
    </table>
  );
}

function ActiveRun({ run }: { run: RunStatus }) {
  const done = run.success + run.skipped + run.failed;
  const part = run.total > 0 ? (done / run.total) * 100 : 0;
  const text = run.extracted
    ? `${count(done)} of ${count(run.total)} (${percent(done, run.total)})`
    : `${count(done)} of ${count(run.total)} found so far`;
  return (
    <tr>
      <td>
        <RunId id={run.correlationId} />
      </td>
      <td>
        {run.instance} / {run.entityType}
      </td>
      <td>
        <StatusBadge of="run" state={run.state} reason={run.reason} />
      </td>
      <td>
        <Progress
          value={run.extracted ? part : 100}
          striped={!run.extracted}
          animated={!run.extracted}
          aria-label={text}
        />
        <span className={classes.why}>{text}</span>
      </td>
      <td data-number>{count(run.failed)}</td>
      <td data-number>
        <Duration from={run.startedAt} to={null} />
      </td>
    </tr>
  );
}

/** Runs of the last day that did not end well. */
export function FailedRuns({ runs }: { runs: Schema<"RunView">[] | undefined }) {
  if (!runs) return <p className={classes.why}>Loading …</p>;
  if (!runs.length) return <p className={classes.why}>None in the last 24 hours.</p>;
  return (
    <table className={classes.runs} aria-label="Runs that failed">
      <thead>
        <tr>
          <th>Ended</th>
          <th>Instance</th>
          <th>State</th>
          <th>Failed</th>
        </tr>
      </thead>
      <tbody>
        {runs.slice(0, 10).map((run) => (
          <tr key={run.correlationId}>
            <td>
              <PageLink to={links.run(run.correlationId)}>
                <Time at={run.finishedAt} />
              </PageLink>
            </td>
            <td>
              {run.instance} / {run.entityType}
            </td>
            <td>
              <StatusBadge of="run" state={run.state} reason={run.reason} />
            </td>
            <td data-number>{count(run.failed)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
