import { Button } from "@mantine/core";
import { IconBan, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "~/api/client";
import { confirm } from "~/components/confirm";
import { toast } from "~/components/toast";
import type { RunStatus } from "~/live/useRun";
import { count } from "~/state/format";
import { useShortcuts } from "~/state/shortcuts";

interface Props {
  run: RunStatus;
  cancelling: boolean;
  onCancel: () => void;
}

/** Cancel, pause and resume of a run that is under way. */
export function RunActions({ run, cancelling, onCancel }: Props) {
  const client = useQueryClient();
  const params = { path: { correlation_id: run.correlationId } };
  const told = (status: RunStatus) => client.setQueryData(["sync-event", run.correlationId], status);
  const cancel = useMutation({
    mutationFn: () => api.post("/api/v1/sync-events/{correlation_id}/cancel", params),
    onSuccess: (status) => {
      told(status);
      onCancel();
    },
    onError: toast.failed,
  });
  const hold = useMutation({
    mutationFn: () =>
      run.pausedBy
        ? api.post("/api/v1/sync-events/{correlation_id}/resume", params)
        : api.post("/api/v1/sync-events/{correlation_id}/pause", params),
    onSuccess: told,
    onError: toast.failed,
  });
  const askToCancel = async () => {
    const yes = await confirm({
      title: "Cancel this run?",
      body: `Writes in flight finish. The ${count(run.inFlight)} records without an outcome are skipped, and what the source holds beyond is not read. The cursor stays where it was.`,
      confirm: "Cancel the run",
      cancel: "Let it go on",
      danger: true,
    });
    if (yes) cancel.mutate();
  };
  useShortcuts([{ keys: "c", label: "Cancel the run", group: "Run", run: () => void (!cancelling && askToCancel()) }]);
  return (
    <>
      <Button
        size="compact-md"
        variant="default"
        leftSection={run.pausedBy ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />}
        loading={hold.isPending}
        disabled={cancelling}
        onClick={() => hold.mutate()}
      >
        {run.pausedBy ? "Resume" : "Pause"}
      </Button>
      <Button
        size="compact-md"
        variant="default"
        leftSection={<IconBan size={15} />}
        loading={cancel.isPending}
        disabled={cancelling}
        onClick={() => void askToCancel()}
      >
        {cancelling ? "Cancelling" : "Cancel"}
      </Button>
    </>
  );
}
