import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { RunId, Time } from "~/components/values";
import { differences, eventDetail, eventWords, type RunEvent } from "./happened";
import classes from "./runs.module.css";

type RunReport = Schema<"RunReport">;

/** What happened in a run and when, and what differs from the run before. */
export function Timeline({ report }: { report: RunReport }) {
  const { run, mapping } = report;
  const { correlationId } = run;
  const timeline = useQuery({
    queryKey: ["run", correlationId, "timeline", run.finishedAt !== null],
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs/{correlation_id}/timeline", { path: { correlation_id: correlationId }, signal }),
    refetchInterval: run.finishedAt ? false : 3_000,
  });
  const before = timeline.data?.before;
  return (
    <>
      <section className="panel" aria-label="What happened">
        <h2>What happened</h2>
        {timeline.error && <ProblemAlert error={timeline.error} onRetry={() => void timeline.refetch()} />}
        {!timeline.data && !timeline.error && <Skeleton height={80} />}
        <ol className={classes.timeline}>
          {timeline.data?.events.map((event) => (
            <Event key={`${event.kind} ${event.stage ?? ""} ${event.at}`} event={event} run={run} />
          ))}
        </ol>
      </section>
      {before && <Before before={before} now={{ run, mapping }} />}
    </>
  );
}

function Event({ event, run }: { event: RunEvent; run: RunReport["run"] }) {
  const [words, tone] = eventWords(event, run);
  const detail = eventDetail(event);
  return (
    <li>
      <span className={classes.when}>
        <Time at={event.at} as="absolute" />
      </span>
      <i style={{ background: `var(--sl-${tone}-bar)` }} aria-hidden />
      <div>
        <b>{words}</b>
        {event.until && event.until !== event.at && (
          <>
            , {event.kind === "waited" ? "next try at" : "the last one at"} <Time at={event.until} as="clock" />
          </>
        )}
        {detail && <div className="dim">{detail}</div>}
      </div>
    </li>
  );
}

type Side = Pick<RunReport, "run" | "mapping">;

function Before({ before, now }: { before: Side; now: Side }) {
  const found = differences(before, now);
  return (
    <section className="panel" aria-label="The run before">
      <h2>What differs from the run before</h2>
      <Text mb="xs">
        Compared with <RunId id={before.run.correlationId} />, <Time at={before.run.createdAt} />.
        {found.length === 0 && " Nothing differs."}
      </Text>
      {found.length > 0 && (
        <PlainTable
          name="What differs from the run before"
          verticalSpacing={4}
          fz="sm"
          maw={720}
          rows={found}
          rowId={(one) => one.name}
          columns={[
            { id: "name", header: "What", cell: (one) => one.name },
            { id: "before", header: "Before", cell: (one) => <span className={classes.error}>{one.before}</span> },
            { id: "now", header: "This run", cell: (one) => <span className={classes.error}>{one.now}</span> },
          ]}
        />
      )}
    </section>
  );
}
