import { Group, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import { EmptyState } from "~/components/EmptyState";
import { shownState } from "~/components/run/progress";
import { RunBar } from "~/components/run/RunProgress";
import { StatusBadge } from "~/components/StatusBadge";
import { FINAL_RUN_STATES } from "~/components/status";
import { useRuns } from "~/live/useRuns";
import classes from "./trigger.module.css";

/** What is running now; choosing one shows its panel. */
export function ActiveRuns({ onChoose }: { onChoose: (correlationId: string) => void }) {
  const { data } = useRuns();
  if (!data) return <Skeleton height={120} />;
  const active = [...data.values()].filter((run) => !FINAL_RUN_STATES.includes(run.state));
  if (active.length === 0) {
    return (
      <div className={classes.idle}>
        <EmptyState kind="nothing-yet" title="Nothing is running">
          Trigger a sync, and its progress appears here at once.
        </EmptyState>
      </div>
    );
  }
  return (
    <Stack gap="xs">
      <Text fw={600} size="sm">
        Running now
      </Text>
      {active.map((run) => (
        <UnstyledButton
          key={run.correlationId}
          className={classes.run}
          onClick={() => onChoose(run.correlationId)}
          aria-label={`Watch ${run.instance} ${run.entityType}`}
        >
          <Group gap="sm" mb={8}>
            <StatusBadge of="run" state={shownState(run, false)} reason={run.reason} />
            <Text fw={600} size="sm">
              {run.instance} / {run.entityType}
            </Text>
          </Group>
          <RunBar run={run} />
        </UnstyledButton>
      ))}
    </Stack>
  );
}
