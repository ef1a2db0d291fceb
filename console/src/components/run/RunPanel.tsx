import { Button, Group, Skeleton, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { announce } from "~/app/Announcer";
import { links } from "~/app/links";
import { May } from "~/components/May";
import { ProblemAlert } from "~/components/ProblemAlert";
import { lookOf, MODE_WORDS } from "~/components/status";
import { CopyId, Duration, PlainLink, Time, Told } from "~/components/values";
import type { RunStatus } from "~/live/useRuns";
import { useNow } from "~/state/clock";
import { capital, count, plural } from "~/state/format";
import { NeedsAttention } from "./NeedsAttention";
import { Notices } from "./Notices";
import { milestone } from "./progress";
import { RunActions } from "./RunActions";
import { RunProgress } from "./RunProgress";
import { RunState } from "./RunState";
import { StageStrip } from "./StageStrip";
import { shownState } from "./state";
import { useAbsentWorkers, useRunStatus, useSilence } from "./useRunStatus";
import { Waits } from "./Waits";

interface Props {
  correlationId: string;
  /** What is known already, such as the answer to the trigger: shown at once. */
  first?: RunStatus | undefined;
  /** Offered when the run is over. */
  onAgain?: (run: RunStatus) => void;
}

/** A run, live: state, progress, counters, stages, and what may be done with it. */
export function RunPanel({ correlationId, first, onAgain }: Props) {
  const { run, error, retry, ended, stale } = useRunStatus(correlationId, first);
  const now = useNow();
  if (!run) {
    return (
      <section className="panel" aria-label="Run">
        {error ? <ProblemAlert error={error} onRetry={retry} /> : <Skeleton height={160} />}
      </section>
    );
  }
  const state = shownState(run, now);
  return (
    <section className="panel" aria-label="Run" data-testid="run-panel" data-state={run.state}>
      <Announcements run={run} state={state} />
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <RunState run={run} size="md" />
          <Text fw={600} size="lg">
            {run.instance} / {run.entityType}
          </Text>
        </Group>
        {!ended && (
          <Group gap={6}>
            <RunActions run={run} />
            <To to={links.run(correlationId)}>Open run</To>
          </Group>
        )}
      </Group>
      <Facts run={run} />
      <Held run={run} state={state} />
      {!ended && <Trouble run={run} />}
      <Notices notices={run.notices} />
      <div style={{ marginTop: 14, opacity: stale ? 0.6 : 1 }}>
        <RunProgress run={run} />
        <StageStrip run={run} ended={ended} />
      </div>
      {ended && <Ended run={run} onAgain={onAgain} />}
    </section>
  );
}

function Facts({ run }: { run: RunStatus }) {
  return (
    <Group gap={8} c="dimmed" fz="sm" mt={8}>
      <CopyId value={run.correlationId} what="correlation ID" whole />
      <span>{MODE_WORDS[run.mode] ?? run.mode}</span>
      {run.startedAt && (
        <span>
          started <Time at={run.startedAt} as="clock" />, <Duration from={run.startedAt} to={run.finishedAt} />
        </span>
      )}
    </Group>
  );
}

/** What a run waits for, or why it ended as it did. */
function Held({ run, state }: { run: RunStatus; state: string }) {
  if (state === "needs_attention") return <NeedsAttention run={run} />;
  if (state === "paused")
    return <Note>Paused by {run.pausedBy}. It stays so over restarts until somebody resumes it.</Note>;
  if (state === "cancelling")
    return <Note>Cancelled by {run.cancelRequestedBy}. Writes in flight finish, the rest is skipped.</Note>;
  if (state === "waiting") return <Waits run={run} />;
  return run.reason ? (
    <Note>
      <Told>{run.reason}</Told>
    </Note>
  ) : null;
}

/** What is wrong with a run that should move: nobody works for it, or nothing is heard of it. */
function Trouble({ run }: { run: RunStatus }) {
  const silence = useSilence(run);
  const absent = useAbsentWorkers(run);
  const words = absent.map((name) => `${name} has no worker`);
  if (silence !== null) words.push(`no word for ${Math.floor(silence / 1_000)} s`);
  if (words.length === 0) return null;
  return (
    <Text mt={8} role="status" data-testid="run-trouble" style={{ color: "var(--sl-warn-text)" }}>
      {capital(words.join("; "))}
    </Text>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return (
    <Text mt={8} component="div">
      {children}
    </Text>
  );
}

function Ended({ run, onAgain }: { run: RunStatus; onAgain: Props["onAgain"] }) {
  return (
    <Group mt="md" gap="xs">
      <To to={links.run(run.correlationId)} strong>
        Open run
      </To>
      {run.failed > 0 && (
        <To to={links.deadLetters({ run: run.correlationId })}>
          Open {plural(run.failed, "failure")} in the dead letter queue
        </To>
      )}
      {onAgain && (
        <Button size="compact-md" variant="default" onClick={() => onAgain(run)}>
          Run again
        </Button>
      )}
      <May permission="configure">
        <To to={links.schedules({ edit: "*", instance: run.instance, entity: run.entityType })}>Schedule this</To>
      </May>
    </Group>
  );
}

function To({ to, strong = false, children }: { to: string; strong?: boolean; children: React.ReactNode }) {
  return (
    <Button
      size="compact-md"
      variant={strong ? "filled" : "default"}
      renderRoot={(props) => <PlainLink {...props} to={to} />}
    >
      {children}
    </Button>
  );
}

/** Says a new state, and every quarter of the way; not what stood there when the page was opened. */
function Announcements({ run, state }: { run: RunStatus; state: string }) {
  const heard = useRef<string | null>(null);
  const now = milestone(run, state);
  useEffect(() => {
    if (heard.current !== null && heard.current !== now) {
      const word = lookOf("run", state).word;
      const failed = run.failed > 0 ? `, ${count(run.failed)} failed` : "";
      announce(
        `${run.instance} ${run.entityType}: ${word}, ${count(run.total - run.inFlight)} of ${count(run.total)}${failed}`,
      );
    }
    heard.current = now;
  }, [now, state, run]);
  return null;
}
