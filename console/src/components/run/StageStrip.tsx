import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import type { RunStatus } from "~/live/useRuns";
import { capital, count, duration, plural } from "~/state/format";
import { shareOf } from "./progress";
import classes from "./run.module.css";

type StageView = Schema<"StageView">;

const WHILE_RUNNING = 1_000;

/** How many records are before, in and through each stage; all figures are of one moment. */
export function StageStrip({ run, ended }: { run: RunStatus; ended: boolean }) {
  const { correlationId } = run;
  const { data } = useQuery({
    queryKey: ["run-stages", correlationId, ended],
    queryFn: () => api.get("/api/v1/runs/{correlation_id}", { path: { correlation_id: correlationId } }),
    placeholderData: (before) => (before?.run.correlationId === correlationId ? before : undefined),
    refetchInterval: ended ? false : WHILE_RUNNING,
  });
  return data && data.stages.length > 0 ? <Strip report={data} /> : null;
}

/** The same of a run's report. */
export function Strip({ report }: { report: Schema<"RunReport"> }) {
  return (
    <ol className={classes.stages} aria-label="Stages">
      {report.stages.map((stage) => (
        <Stage key={stage.stage} stage={stage} share={shareOf(stage, report)} />
      ))}
    </ol>
  );
}

const DONE: Record<string, string> = { ingest: "found", execute: "written", finalize: "counted" };

function Stage({ stage, share }: { stage: StageView; share: number }) {
  const { before, inside, retrying, failed } = stage;
  const done = stage.stage === "ingest" ? stage.entered : stage.passed;
  const seconds = (stage.waited ?? 0) + (stage.worked ?? 0);
  return (
    <li className={classes.stage} data-full={share >= 1} data-testid={`stage-${stage.stage}`}>
      <Tooltip label={hint(stage)} multiline maw={260}>
        <div>
          <div className={classes.track}>
            <i style={{ width: `${Math.min(100, share * 100)}%` }} />
          </div>
          <b>{capital(stage.stage)}</b>
          {stage.slowest && <em className={classes.slowest}>slowest</em>}
          {before > 0 && <span data-tone="here">{count(before)} before</span>}
          {inside - retrying > 0 && <span data-tone="here">{count(inside - retrying)} in it</span>}
          {retrying > 0 && <span data-tone="warn">{count(retrying)} to be tried again</span>}
          <span>
            {count(done)} {DONE[stage.stage] ?? "through"}
          </span>
          {failed > 0 && <span data-tone="bad">{count(failed)} failed</span>}
          {stage.batches > 0 && (stage.waited ?? stage.worked) !== null && (
            <span>{duration(seconds * 1_000)} a batch</span>
          )}
        </div>
      </Tooltip>
    </li>
  );
}

function hint({ waited, worked, batches, retried, skipped }: StageView): string {
  const mean = (seconds: number | null) => duration(seconds === null ? null : seconds * 1_000);
  const times = [
    waited === null ? null : `waited ${mean(waited)}`,
    worked === null ? null : `was worked on for ${mean(worked)}`,
  ].filter((one) => one !== null);
  const words = times.length > 0 && batches > 0 ? [`A batch ${times.join(" and ")}`] : ["No times yet"];
  if (skipped > 0) words.push(`${plural(skipped, "record")} left out here`);
  if (retried > 0) words.push(`${plural(retried, "attempt")} repeated`);
  return words.join("; ");
}
