import { Text, Tooltip } from "@mantine/core";
import { links } from "~/app/links";
import { PageLink } from "~/components/values";
import type { RunStatus } from "~/live/useRuns";
import { count, duration, percent, rate } from "~/state/format";
import { doneOf, skipReasons } from "./progress";
import classes from "./run.module.css";
import { usePace } from "./useRunStatus";

/** The bar, the rate and the counters of a run: the same wherever a run is shown. */
export function RunProgress({ run }: { run: RunStatus }) {
  return (
    <>
      <RunBar run={run} />
      <RunCounters run={run} />
    </>
  );
}

/** No percentage until the total is final: before that, what was found so far. */
export function RunBar({ run }: { run: RunStatus }) {
  const { perSecond, leftMs } = usePace(run);
  const ended = run.finishedAt !== null;
  const certain = run.extracted || ended;
  const done = doneOf(run);
  const share = (records: number) => (run.total > 0 ? `${(records / run.total) * 100}%` : "0%");
  return (
    <div>
      <div
        className={classes.bar}
        role="progressbar"
        aria-label="Records with an outcome"
        aria-valuemin={0}
        aria-valuemax={certain ? run.total : undefined}
        aria-valuenow={certain ? done : undefined}
        aria-valuetext={certain ? `${count(done)} of ${count(run.total)}` : `${count(run.total)} found so far`}
        data-sure={certain}
        data-held={Boolean(run.pausedBy)}
        data-empty={ended && run.total === 0}
        data-testid="run-bar"
      >
        {certain && (
          <>
            <i style={{ width: share(run.success), background: "var(--sl-good-bar)" }} />
            <i style={{ width: share(run.skipped), background: "var(--sl-idle-bar)" }} />
            <i style={{ width: share(run.failed), background: "var(--sl-bad-bar)" }} />
          </>
        )}
      </div>
      <div className={classes.pace}>
        <span data-testid="run-done">
          {certain ? (
            <>
              <b>{count(done)}</b> of {count(run.total)} records{run.total > 0 && `, ${percent(done, run.total)}`}
            </>
          ) : (
            <>
              <b>{count(run.total)}</b> found so far, {count(done)} done
            </>
          )}
        </span>
        <span>
          {perSecond !== null && (ended ? `${rate(perSecond)} on average` : rate(perSecond))}
          {leftMs !== null && `, about ${aboutTime(leftMs)} left`}
        </span>
      </div>
    </div>
  );
}

/** An estimate has no tenths. */
function aboutTime(ms: number): string {
  return ms < 60_000 ? `${Math.max(1, Math.round(ms / 1_000))} s` : duration(ms);
}

export function RunCounters({ run }: { run: RunStatus }) {
  const reasons = skipReasons(run);
  return (
    <dl className={classes.counters}>
      <Counter name="Total" value={run.total} note={run.extracted || run.finishedAt ? undefined : "still rising"} />
      <Counter name="Success" value={run.success} tone="good" />
      <Counter
        name="Skipped"
        value={run.skipped}
        note={
          reasons.length > 0 && (
            <Tooltip
              label={reasons.map((one) => `${count(one.records)} ${one.words}`).join(", ")}
              disabled={reasons.length < 2}
            >
              <span>{reasons.map((one) => `${count(one.records)} ${one.words}`).join(", ")}</span>
            </Tooltip>
          )
        }
      />
      <Counter
        name="Failed"
        value={run.failed}
        tone={run.failed > 0 ? "bad" : undefined}
        note={
          run.failed > 0 && (
            <PageLink to={links.deadLetters({ run: run.correlationId })}>in the dead letter queue</PageLink>
          )
        }
      />
      <Counter name="In flight" value={run.inFlight} />
    </dl>
  );
}

interface CounterProps {
  name: string;
  value: number;
  tone?: "good" | "bad" | undefined;
  note?: React.ReactNode;
}

function Counter({ name, value, tone, note }: CounterProps) {
  return (
    <div className={classes.counter}>
      <dt className="dim">{name}</dt>
      <dd
        data-testid={`counter-${name.toLowerCase().replace(" ", "-")}`}
        style={value > 0 && tone ? { color: `var(--sl-${tone}-text)` } : undefined}
      >
        {count(value)}
      </dd>
      {note && (
        <Text component="dd" size="xs" c="dimmed" m={0}>
          {note}
        </Text>
      )}
    </div>
  );
}
