import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { STAGE_WORDS } from "~/components/status";
import type { RunStatus } from "~/live/useRuns";
import { capital, count, duration } from "~/state/format";
import { doneOf, type StageProgress, stageProgress } from "./progress";
import classes from "./run.module.css";

const WHILE_RUNNING = 2_000;

/** How far each stage is. Finalize counts live; of the others a report tells, as soon as records have their outcome. */
export function StageStrip({ run, ended }: { run: RunStatus; ended: boolean }) {
  const { correlationId, total } = run;
  const { data } = useQuery({
    queryKey: ["run-stages", correlationId, ended],
    queryFn: () => api.get("/api/v1/runs/{correlation_id}", { path: { correlation_id: correlationId } }),
    placeholderData: (before) => (before?.run.correlationId === correlationId ? before : undefined),
    refetchInterval: ended ? false : WHILE_RUNNING,
  });
  const done = doneOf(run);
  return (
    <ol className={classes.stages} aria-label="Stages">
      {Object.keys(STAGE_WORDS).map((name) => {
        const stage = data?.stages.find((one) => one.stage === name);
        return <Stage key={name} name={name} stage={stage} at={stageProgress(name, data, run)} />;
      })}
      <li className={classes.stage} data-full={ended || (total > 0 && done >= total)}>
        <Track share={total > 0 ? done / total : 0} />
        <b>Finalize</b>
        <span>{count(done)} counted</span>
      </li>
    </ol>
  );
}

interface StageProps {
  name: string;
  stage: Schema<"StageView"> | undefined;
  at: StageProgress | null;
}

function Stage({ name, stage, at }: StageProps) {
  const mean = (seconds: number | null | undefined) =>
    duration(seconds === null || seconds === undefined ? null : seconds * 1_000);
  const hint = stage
    ? `A batch waited ${mean(stage.waited)} and was worked on for ${mean(stage.worked)}; ${count(stage.retried)} attempts were repeated`
    : "No figures yet";
  return (
    <li className={classes.stage} data-full={at !== null && at.share >= 1}>
      <Tooltip label={hint} multiline maw={260}>
        <div>
          <Track share={at?.share ?? 0} />
          <b>{capital(name)}</b>
          <span>{at ? `${count(at.records)} ${at.did}` : "–"}</span>
          {stage && stage.failed > 0 && <span data-tone="bad">{count(stage.failed)} failed</span>}
        </div>
      </Tooltip>
    </li>
  );
}

function Track({ share }: { share: number }) {
  return (
    <div className={classes.track}>
      <i style={{ width: `${Math.min(100, share * 100)}%` }} />
    </div>
  );
}
