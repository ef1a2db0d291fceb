import { Button, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconDownload, IconPencil, IconRefresh, IconRotate, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { ProblemAlert } from "~/components/ProblemAlert";
import { useShortcuts } from "~/state/shortcuts";
import { EditAndReplay } from "./EditAndReplay";
import { useReplay, useResolve } from "./replay";
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
