import { Skeleton, Text, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, serverNow } from "~/api/client";
import { links } from "~/app/links";
import { ProblemAlert } from "~/components/ProblemAlert";
import { lookOf } from "~/components/status";
import { PageLink, PlainLink } from "~/components/values";
import { useRuns } from "~/live/useRuns";
import { type RunView, updated } from "~/pages/runs/live";
import { useNow } from "~/state/clock";
import classes from "./instances.module.css";
import { barHeight, barWords, runsInWords, secondsOf } from "./words";

const RUNS = 30;

/** The last runs of an entity type as bars, the oldest first: how long each took, and how it ended. */
export function RunBars({ instance, entityType }: { instance: string; entityType: string }) {
  const query = { instance, entityType, limit: RUNS };
  const runs = useQuery({
    queryKey: ["runs", query],
    queryFn: ({ signal }) => api.get("/api/v1/runs", { query, signal }),
    refetchInterval: 15_000,
  });
  const live = useRuns().data;
  useNow();
  if (runs.error) return <ProblemAlert error={runs.error} onRetry={() => void runs.refetch()} />;
  if (!runs.data) return <Skeleton height={70} />;
  const shown = runs.data.items.map((run) => updated(run, live?.get(run.correlationId))).reverse();
  if (shown.length === 0) return <Text c="dimmed">It has never run.</Text>;
  const now = serverNow();
  const longest = Math.max(...shown.map((run) => secondsOf(run, now)));
  return (
    <div>
      <ol className={classes.bars} aria-label={`Last runs of ${entityType}, the oldest first`}>
        {shown.map((run) => (
          <Bar key={run.correlationId} run={run} height={barHeight(secondsOf(run, now), longest)} now={now} />
        ))}
      </ol>
      <Text c="dimmed">
        {runsInWords(shown, now)}{" "}
        <PageLink to={links.runs({ instance, entity: entityType })} underline="always">
          All its runs
        </PageLink>
      </Text>
    </div>
  );
}

function Bar({ run, height, now }: { run: RunView; height: number; now: number }) {
  const words = barWords(run, now);
  const tone = lookOf("run", run.state).tone;
  return (
    <li>
      <Tooltip label={words} multiline maw={320}>
        <PlainLink to={links.run(run.correlationId)} className={classes.bar} aria-label={words}>
          {run.state === "failed" && <IconX size={10} stroke={3} aria-hidden className={classes.mark} />}
          <span style={{ height, background: `var(--sl-${tone}-bar)` }} />
        </PlainLink>
      </Tooltip>
    </li>
  );
}
