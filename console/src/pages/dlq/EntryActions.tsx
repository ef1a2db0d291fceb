import { Button, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconDownload, IconPencil, IconRefresh, IconRotate, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api } from "~/api/client";
import { links } from "~/app/links";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { useShortcuts } from "~/state/shortcuts";
import { EditAndReplay } from "./EditAndReplay";
import { refresh } from "./OperationDialog";
import type { Detail } from "./words";

/** What can be done with one entry. */
export function EntryActions({ detail, inDialog }: { detail: Detail; inDialog: boolean }) {
  const { entry } = detail;
  const [editing, setEditing] = useState(false);
  const replay = useReplay(entry.id);
  const resolve = useResolve(entry.id);
  const pending = entry.status === "pending";
  const readable = entry.instance !== null && entry.hindrance === null;
  const editable =
    pending && readable && detail.payload !== null && detail.payload !== "null" && entry.stage !== "ingest";
  const key = (keys: string, label: string, run: () => void, on: boolean) =>
    on ? [{ keys, label, group: "Dead letter", run, inDialog }] : [];
  useShortcuts([
    ...key("r", "Replay it", () => replay.mutate({ fromStage: "failed" }), pending && readable),
    ...key("e", "Edit and replay", () => setEditing(true), editable),
    ...key("d", "Discard it", () => resolve.mutate("discard"), pending),
  ]);
  return (
    <>
      <Group gap="xs">
        {pending && readable && (
          <>
            <Button
              size="xs"
              leftSection={<IconRotate size={15} />}
              loading={replay.isPending}
              onClick={() => replay.mutate({ fromStage: "failed" })}
            >
              Replay
            </Button>
            {editable && (
              <Button size="xs" variant="light" leftSection={<IconPencil size={15} />} onClick={() => setEditing(true)}>
                Edit and replay
              </Button>
            )}
            <Button
              size="xs"
              variant="default"
              leftSection={<IconRefresh size={15} />}
              onClick={() => replay.mutate({ fromStage: "ingest" })}
            >
              Read again from the source
            </Button>
          </>
        )}
        {pending && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={15} />}
            loading={resolve.isPending}
            onClick={() => resolve.mutate("discard")}
          >
            Discard
          </Button>
        )}
        {entry.status === "discarded" && (
          <Button
            size="xs"
            leftSection={<IconArrowBackUp size={15} />}
            loading={resolve.isPending}
            onClick={() => resolve.mutate("restore")}
          >
            Restore
          </Button>
        )}
        {detail.payload !== null && (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            component="a"
            href={`/api/v1/dlq/${entry.id}/payload`}
            download
            leftSection={<IconDownload size={15} />}
          >
            Bytes
          </Button>
        )}
      </Group>
      {pending && entry.hindrance !== null && <Text size="sm">It cannot be replayed now: {entry.hindrance}.</Text>}
      <ProblemAlert error={replay.error ?? resolve.error} />
      {editing && <EditAndReplay detail={detail} onClose={() => setEditing(false)} />}
    </>
  );
}

interface Wanted {
  fromStage: "failed" | "ingest";
  payload?: string;
  reason?: string;
}

/** Replays one entry; what was said of it comes back with a way to its run. */
export function useReplay(id: string, onDone?: () => void) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: Wanted) =>
      answer(
        api.POST("/api/v1/dlq/{letter_id}/replay", {
          params: { path: { letter_id: id }, header: { "idempotency-key": crypto.randomUUID() } },
          body: { payload: null, patch: null, reason: null, ...body },
        }),
      ),
    onSuccess: (result) => {
      onDone?.();
      void refresh();
      const run = result.correlationId;
      toast.done(
        "Replay has begun",
        run ? { label: "Open run", run: () => void navigate({ to: links.run(run) }) } : undefined,
      );
    },
    onError: () => void refresh(),
  });
}

function useResolve(id: string) {
  const put = (doing: "discard" | "restore") =>
    answer(
      doing === "discard"
        ? api.POST("/api/v1/dlq/{letter_id}/discard", { params: { path: { letter_id: id } }, body: { reason: null } })
        : api.POST("/api/v1/dlq/{letter_id}/restore", { params: { path: { letter_id: id } }, body: { reason: null } }),
    );
  const resolve = useMutation({
    mutationFn: put,
    onSuccess: (_, doing) => {
      void refresh();
      if (doing === "restore") toast.done("Restored: it waits again");
      else toast.done("Discarded", { label: "Undo", run: () => resolve.mutate("restore") });
    },
    onError: () => void refresh(),
  });
  return resolve;
}
