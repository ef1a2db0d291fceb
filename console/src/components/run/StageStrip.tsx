import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, api, type Schema } from "~/api/client";
import { count, duration } from "~/state/format";
import classes from "./run.module.css";

const STAGES = ["ingest", "normalize", "transform", "execute"];

interface Props {
  correlationId: string;
  total: number;
  /** Records with an outcome: what Finalize has counted, and what the figures of the other stages are about. */
  done: number;
  ended: boolean;
}

/** What the stages did with the records that have their outcome. */
export function StageStrip({ correlationId, total, done, ended }: Props) {
  const { data } = useQuery({
    queryKey: ["run-stages", correlationId, ended],
    queryFn: () =>
      answer(api.GET("/api/v1/runs/{correlation_id}", { params: { path: { correlation_id: correlationId } } })),
    refetchInterval: ended ? false : 1_000,
  });
  const byName = new Map(data?.stages.map((stage) => [String(stage.stage), stage]));
  return (
    <ol className={classes.stages} aria-label="Stages">
      {STAGES.map((name) => (
        <Stage key={name} name={name} stage={byName.get(name)} total={total} />
      ))}
      <li className={classes.stage} data-full={ended || (total > 0 && done >= total)}>
        <div className={classes.track}>
          <i style={{ width: `${total > 0 ? Math.min(100, (done / total) * 100) : 0}%` }} />
        </div>
        <b>Finalize</b>
        <span>{count(done)} counted</span>
      </li>
    </ol>
  );
}

function Stage({ name, stage, total }: { name: string; stage: Schema<"StageView"> | undefined; total: number }) {
  const through = stage ? stage.passed + stage.skipped + stage.failed : 0;
  const share = stage && stage.entered > 0 ? through / Math.max(stage.entered, name === "ingest" ? total : 0) : 0;
  const mean = (seconds: number | null | undefined) =>
    duration(seconds === null || seconds === undefined ? null : seconds * 1_000);
  const hint = stage
    ? `A batch waited ${mean(stage.waited)} and was worked on for ${mean(stage.worked)}; ${count(stage.retried)} attempts were repeated`
    : "Nothing has reached it yet";
  return (
    <li className={classes.stage} data-full={share >= 1}>
      <Tooltip label={hint} multiline maw={260}>
        <div>
          <div className={classes.track}>
            <i style={{ width: `${Math.min(100, share * 100)}%` }} />
          </div>
          <b>{name.replace(/^./, (first) => first.toUpperCase())}</b>
          <span>{count(stage?.passed ?? 0)} through</span>
          {stage && stage.failed > 0 && <span data-tone="bad">{count(stage.failed)} failed</span>}
        </div>
      </Tooltip>
    </li>
  );
}
