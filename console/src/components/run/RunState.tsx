import { Group, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { api } from "~/api/client";
import { useAction } from "~/components/action";
import { IconButton } from "~/components/IconButton";
import { StatusBadge } from "~/components/values";
import { useRuns } from "~/live/useRuns";
import { useNow } from "~/state/clock";
import { type RunStanding, shownState } from "./state";

interface Props {
  run: RunStanding & { correlationId: string; reason: string | null };
  size?: "sm" | "md";
  /** With a button where a paused run can be resumed. */
  resume?: boolean;
}

/** How a run stands, the same on every page; of a paused one also who paused it. */
export function RunState({ run, size = "sm", resume = false }: Props) {
  const state = shownState(run, useNow());
  return (
    <Group component="span" gap="2px 6px" wrap="nowrap" display="inline-flex">
      <StatusBadge of="run" state={state} reason={run.needsAttention ?? run.reason} size={size} />
      {state === "paused" && (
        <Text component="span" inherit truncate maw={110} c="dimmed" title={run.pausedBy ?? undefined}>
          by {run.pausedBy}
        </Text>
      )}
      {state === "paused" && resume && <Resume correlationId={run.correlationId} />}
    </Group>
  );
}

/** How a run stands of which a page knows its state alone: live while it is active. */
export function LiveRunState({ correlationId, state }: { correlationId: string | null; state: string }) {
  const live = useRuns().data?.get(correlationId ?? "");
  return live ? <RunState run={live} /> : <StatusBadge of="run" state={state} />;
}

/** An icon alone, so that a paused run makes its column hardly wider. */
function Resume({ correlationId }: { correlationId: string }) {
  const { start, pending } = useAction({
    run: () => api.post("/api/v1/sync-events/{correlation_id}/resume", { path: { correlation_id: correlationId } }),
    changes: ["run", "runs"],
  });
  return <IconButton icon={IconPlayerPlay} iconSize={14} size={22} label="Resume" loading={pending} onClick={start} />;
}
