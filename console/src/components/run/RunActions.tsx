import { Button, type ButtonProps } from "@mantine/core";
import { IconBan, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { api } from "~/api/client";
import { queryClient } from "~/api/query";
import { ActionButton, useAction } from "~/components/action";
import type { RunStatus } from "~/live/useRuns";
import { count } from "~/state/format";
import { useShortcuts } from "~/state/shortcuts";

interface Props {
  run: Pick<RunStatus, "correlationId" | "inFlight" | "pausedBy" | "cancelRequestedBy">;
}

const CHANGES = ["run", "runs"];

const showStatus = (status: RunStatus) => queryClient.setQueryData(["sync-event", status.correlationId], status);

/** Holds a run that is under way, or lets it go on. */
export function PauseButton({ run, ...button }: Props & ButtonProps) {
  const request = { path: { correlation_id: run.correlationId } };
  return (
    <ActionButton
      leftSection={run.pausedBy ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />}
      disabled={run.cancelRequestedBy !== null}
      run={() =>
        run.pausedBy
          ? api.post("/api/v1/sync-events/{correlation_id}/resume", request)
          : api.post("/api/v1/sync-events/{correlation_id}/pause", request)
      }
      onDone={showStatus}
      changes={CHANGES}
      {...button}
    >
      {run.pausedBy ? "Resume" : "Pause"}
    </ActionButton>
  );
}

/** Cancel, pause and resume of a run that is under way. */
export function RunActions({ run }: Props) {
  const cancelling = run.cancelRequestedBy !== null;
  const request = { path: { correlation_id: run.correlationId } };
  const cancel = useAction({
    ask: {
      title: "Cancel this run?",
      body: `Writes in flight finish. The ${count(run.inFlight)} records without an outcome are skipped, and what the source holds beyond is not read. The cursor stays where it was.`,
      confirm: "Cancel the run",
      cancel: "Let it go on",
      danger: true,
    },
    run: () => api.post("/api/v1/sync-events/{correlation_id}/cancel", request),
    onDone: showStatus,
    changes: CHANGES,
  });
  useShortcuts([{ keys: "c", label: "Cancel the run", group: "Run", run: () => !cancelling && cancel.start() }]);
  return (
    <>
      <PauseButton run={run} size="compact-md" />
      <Button
        size="compact-md"
        variant="default"
        leftSection={<IconBan size={15} />}
        loading={cancel.pending}
        disabled={cancelling}
        onClick={cancel.start}
      >
        {cancelling ? "Cancelling" : "Cancel"}
      </Button>
    </>
  );
}
