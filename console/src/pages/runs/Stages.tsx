import { Group } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageLink } from "~/components/PageLink";
import { capital, count, duration } from "~/state/format";
import classes from "./runs.module.css";

type RunReport = Schema<"RunReport">;
type Stage = RunReport["stages"][number];

/** What each stage did: what came, went on, was left out; and when it worked and its batches waited. */
export function Stages({ report }: { report: RunReport }) {
  const { run, stages } = report;
  if (stages.length === 0) return null;
  const timed = stages.map((stage) => withIngest(stage, run));
  const times = timed.flatMap((stage) => [stage.firstAt, stage.lastAt]).filter((at) => at !== null);
  const begin = Math.min(...times.map((at) => Date.parse(at)));
  const end = Math.max(...times.map((at) => Date.parse(at)), begin + 1);
  const slowest = timed.reduce<Stage | null>(
    (most, one) => ((one.worked ?? 0) > (most?.worked ?? 0) ? one : most),
    null,
  );
  return (
    <section className={classes.panel} aria-labelledby="stages-title">
      <Group justify="space-between" mb={10}>
        <h2 id="stages-title" className={classes.panelTitle} style={{ margin: 0 }}>
          Stages
        </h2>
        <Group gap="md">
          <span className={classes.legend}>
            <i className={classes.waited} /> waited
          </span>
          <span className={classes.legend}>
            <i className={classes.worked} /> worked
          </span>
        </Group>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={classes.scroll} tabIndex={0} aria-label="Figures of the stages">
        <table className={classes.stages}>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" className={classes.left} style={{ width: "34%" }}>
                From {times.length ? "first batch to last" : ""}
              </th>
              <th scope="col">In</th>
              <th scope="col">Out</th>
              <th scope="col">Skipped</th>
              <th scope="col">Failed</th>
              <th scope="col">Retried</th>
              <th scope="col">Waited a batch</th>
              <th scope="col">Worked a batch</th>
            </tr>
          </thead>
          <tbody>
            {timed.map((stage) => (
              <tr key={stage.stage} data-slowest={stage === slowest}>
                <td>
                  {capital(stage.stage)}
                  {stage === slowest && <span className={classes.tileName}> slowest</span>}
                </td>
                <td>
                  <Track stage={stage} begin={begin} end={end} />
                </td>
                <td>{count(stage.entered)}</td>
                <td>{count(stage.passed)}</td>
                <td>{count(stage.skipped)}</td>
                <td>
                  {stage.failed > 0 ? (
                    <PageLink
                      to={links.run(run.correlationId, { tab: "records", stage: stage.stage, outcome: "failed" })}
                      aria-label={`${count(stage.failed)} failed in ${capital(stage.stage)}`}
                    >
                      {count(stage.failed)}
                    </PageLink>
                  ) : (
                    "0"
                  )}
                </td>
                <td>{count(stage.retried)}</td>
                <td>{seconds(stage.waited)}</td>
                <td>{seconds(stage.worked)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {!run.finishedAt && (
        <p className={classes.tileName}>Counts records that have their outcome; {count(run.inFlight)} are in flight.</p>
      )}
    </section>
  );
}

/** Ingest reads from the run's start to the end of the source. */
function withIngest(stage: Stage, run: RunReport["run"]): Stage {
  return stage.stage === "ingest" ? { ...stage, firstAt: run.startedAt, lastAt: run.extractedAt } : stage;
}

function Track({ stage, begin, end }: { stage: Stage; begin: number; end: number }) {
  if (!stage.firstAt || !stage.lastAt) return <span className={classes.none}>–</span>;
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
