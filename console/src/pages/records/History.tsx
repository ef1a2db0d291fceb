import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { plural } from "~/state/format";
import classes from "./passport.module.css";

type Runs = Schema<"RecordHistory">["runs"];

interface Props {
  sourceId: string;
  runs: Runs;
  chosen: string;
  /** Whether these are all runs that had it. */
  whole: boolean;
}

/** The runs that had the record, newest first; the chosen one is shown beside. */
export function History({ sourceId, runs, chosen, whole }: Props) {
  return (
    <nav className={`panel ${classes.history}`} aria-label="Runs with this record">
      <h2 className={classes.title}>{whole ? plural(runs.length, "run") : `The newest ${runs.length} runs`}</h2>
      <ol>
        {runs.map((run, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a run may have two versions of the record
          <li key={`${run.correlationId}-${index}`} data-chosen={run.correlationId === chosen}>
            <StatusBadge of="record" state={run.outcome} />
            <PageLink
              to={links.record(sourceId, { run: run.correlationId })}
              aria-label={`${run.instance} / ${run.entityType}, ${run.outcome}, ${run.createdAt}`}
              {...(run.correlationId === chosen && { "aria-current": "true" })}
            >
              {run.instance} / {run.entityType}
            </PageLink>
            <span className="dim">
              <Time at={run.createdAt} />
              {run.attempts.length > 0 && `, ${plural(run.attempts.length, "attempt")} failed`}
            </span>
            {run.error && <span className={classes.error}>{run.error}</span>}
          </li>
        ))}
      </ol>
    </nav>
  );
}
