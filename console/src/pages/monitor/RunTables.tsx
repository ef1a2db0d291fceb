import { Progress } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { PlainTable } from "~/components/PlainTable";
import { RunState } from "~/components/run/RunState";
import { Duration, PageLink, RunId, Time } from "~/components/values";
import { useActiveRuns } from "~/live/useRuns";
import { count, percent } from "~/state/format";

type Run = Schema<"RunStatus"> | Schema<"RunView">;

/** Runs that are active now, live. */
export function ActiveRuns() {
  const active = useActiveRuns();
  if (!active) return <p className="dim">Connecting …</p>;
  if (!active.length) return <p className="dim">No run is active.</p>;
  return (
    <div style={{ overflowX: "auto" }}>
      <PlainTable name="Active runs" columns={ACTIVE} rows={active} rowId={(run) => run.correlationId} {...LOOK} />
    </div>
  );
}

/** Runs of the last day that did not end well. */
export function FailedRuns({ runs }: { runs: Schema<"RunView">[] | undefined }) {
  if (!runs) return <p className="dim">Loading …</p>;
  if (!runs.length) return <p className="dim">None in the last 24 hours.</p>;
  const shown = runs.slice(0, 10);
  return (
    <PlainTable name="Runs that failed" columns={FAILED} rows={shown} rowId={(run) => run.correlationId} {...LOOK} />
  );
}

const LOOK = { fz: 13, verticalSpacing: 6, horizontalSpacing: 8, tabularNums: true } as const;

const STREAM: Column<Run> = {
  id: "instance",
  header: "Instance",
  cell: (run) => `${run.instance} / ${run.entityType}`,
};
const STATE: Column<Run> = {
  id: "state",
  header: "State",
  cell: (run) => <RunState run={run} resume />,
};
const FAILURES: Column<Run> = { id: "failed", header: "Failed", align: "right", cell: (run) => count(run.failed) };

const ACTIVE: Column<Schema<"RunStatus">>[] = [
  { id: "run", header: "Run", cell: (run) => <RunId id={run.correlationId} /> },
  STREAM,
  STATE,
  { id: "progress", header: "Progress", width: "28%", cell: (run) => <RunBar run={run} /> },
  FAILURES,
  { id: "elapsed", header: "Elapsed", align: "right", cell: (run) => <Duration from={run.startedAt} to={null} /> },
];
const FAILED: Column<Schema<"RunView">>[] = [
  {
    id: "ended",
    header: "Ended",
    cell: (run) => (
      <PageLink to={links.run(run.correlationId)}>
        <Time at={run.finishedAt} />
      </PageLink>
    ),
  },
  STREAM,
  STATE,
  FAILURES,
];

function RunBar({ run }: { run: Schema<"RunStatus"> }) {
  const done = run.success + run.skipped + run.failed;
  const sure = run.extracted;
  const part = run.total > 0 ? (done / run.total) * 100 : 0;
  const words = sure ? `${count(run.total)} (${percent(done, run.total)})` : `${count(run.total)} found so far`;
  const text = `${count(done)} of ${words}`;
  return (
    <>
      <Progress value={sure ? part : 100} striped={!sure} animated={!sure} aria-label={text} />
      <span className="dim">{text}</span>
    </>
  );
}
