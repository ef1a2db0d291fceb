import { Box, Group, Table } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { PlainTable } from "~/components/PlainTable";
import { Strip } from "~/components/run/StageStrip";
import { PageLink } from "~/components/values";
import { capital, count, duration } from "~/state/format";
import classes from "./runs.module.css";

type RunReport = Schema<"RunReport">;
type Stage = RunReport["stages"][number];

/** Where records are and what each stage did with them; and when it worked and its batches waited. */
export function Stages({ report }: { report: RunReport }) {
  const { run, stages } = report;
  if (stages.length === 0) return null;
  const times = stages.flatMap((stage) => [stage.firstAt, stage.lastAt]).filter((at) => at !== null);
  const begin = Math.min(...times.map((at) => Date.parse(at)));
  const end = Math.max(...times.map((at) => Date.parse(at)), begin + 1);
  const columns: Column<Stage>[] = [
    {
      id: "stage",
      header: "Stage",
      cell: (stage) =>
        stage.slowest ? (
          <>
            <b>{capital(stage.stage)}</b> <span className="dim">slowest</span>
          </>
        ) : (
          capital(stage.stage)
        ),
    },
    {
      id: "track",
      header: times.length ? "From first batch to last" : "From",
      width: "34%",
      cell: (stage) => <Track stage={stage} begin={begin} end={end} />,
    },
    number("In", (stage) => count(stage.entered)),
    ...(run.finishedAt ? [] : HERE),
    number("Through", (stage) => count(stage.passed)),
    number("Skipped", (stage) => count(stage.skipped)),
    number("Failed", (stage) => <Failed stage={stage} run={run.correlationId} />),
    number("Retried", (stage) => count(stage.retried)),
    number("Waited a batch", (stage) => seconds(stage.waited)),
    number("Worked a batch", (stage) => seconds(stage.worked)),
  ];
  return (
    <section className="panel" aria-label="Stages">
      <Group justify="space-between" mb={10}>
        <h2 style={{ margin: 0 }}>Stages</h2>
        <Group gap="md" className="dim" visibleFrom="sm">
          <span>
            <i className={classes.waited} /> waited
          </span>
          <span>
            <i className={classes.worked} /> worked
          </span>
        </Group>
      </Group>
      <Box hiddenFrom="sm">
        <Strip report={report} />
      </Box>
      <Table.ScrollContainer minWidth={900} visibleFrom="sm">
        <PlainTable
          name="Figures of the stages"
          fz={13}
          tabularNums
          columns={columns}
          rows={stages}
          rowId={(stage) => stage.stage}
        />
      </Table.ScrollContainer>
      {!run.finishedAt && run.trigger === "replay" && (
        <p className="dim">
          Of a replay, records that have their outcome are counted alone; {count(run.inFlight)} are in flight.
        </p>
      )}
    </section>
  );
}

function number(header: string, cell: (stage: Stage) => ReactNode): Column<Stage> {
  return { id: header, header, align: "right", cell };
}

/** Where records are now, as long as some are on their way. */
const HERE = [
  number("Before", (stage) => count(stage.before)),
  number("In it", (stage) => count(stage.inside)),
  number("Retrying", (stage) => count(stage.retrying)),
];

function Failed({ stage: { stage, failed }, run }: { stage: Stage; run: string }) {
  if (failed === 0) return "0";
  const to = links.run(run, { tab: "records", stage, outcome: "failed" });
  return (
    <PageLink to={to} aria-label={`${count(failed)} failed in ${capital(stage)}`}>
      {count(failed)}
    </PageLink>
  );
}

function Track({ stage, begin, end }: { stage: Stage; begin: number; end: number }) {
  if (!stage.firstAt || !stage.lastAt) return <span className="dim">–</span>;
  const [from, to] = [Date.parse(stage.firstAt), Date.parse(stage.lastAt)];
  const share = (value: number) => `${(value / (end - begin)) * 100}%`;
  const [waited, worked] = [stage.waited ?? 0, stage.worked ?? 0];
  // Shares of their sum: numbers below 1 would not fill the bar.
  const waiting = waited + worked > 0 ? waited / (waited + worked) : 0;
  const words = `${capital(stage.stage)}: ${duration(to - from)} from its first batch to its last`;
  return (
    <span className={classes.track} role="img" aria-label={words} title={words}>
      <span style={{ left: share(from - begin), width: share(Math.max(to - from, 0)) }}>
        <span className={classes.waited} style={{ flexGrow: waiting }} />
        <span className={classes.worked} style={{ flexGrow: 1 - waiting }} />
      </span>
    </span>
  );
}

function seconds(value: number | null): string {
  return value === null ? "–" : duration(value * 1_000);
}
