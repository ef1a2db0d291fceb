import { Group, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import { EmptyState } from "~/components/EmptyState";
import { RunBar } from "~/components/run/RunProgress";
import { RunState } from "~/components/run/RunState";
import { useActiveRuns } from "~/live/useRuns";
import classes from "./trigger.module.css";

/** What is running now; choosing one shows its panel. */
export function ActiveRuns({ onChoose }: { onChoose: (correlationId: string) => void }) {
  const active = useActiveRuns();
  if (!active) return <Skeleton height={120} />;
  if (active.length === 0) {
    return (
      <div className="panel">
        <EmptyState title="Nothing is running">Trigger a sync, and its progress appears here at once.</EmptyState>
      </div>
    );
  }
  return (
    <Stack gap="xs">
      <Text fw={600}>Running now</Text>
      {active.map((run) => (
        <div key={run.correlationId} className={classes.run}>
          <Group gap="sm" mb={8}>
            <RunState run={run} resume />
            <UnstyledButton
              className={classes.choose}
              onClick={() => onChoose(run.correlationId)}
              aria-label={`Watch ${run.instance} ${run.entityType}`}
            >
              {run.instance} / {run.entityType}
            </UnstyledButton>
          </Group>
          <RunBar run={run} />
        </div>
      ))}
    </Stack>
  );
}
