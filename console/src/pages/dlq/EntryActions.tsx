import { Button, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconDownload, IconPencil, IconRefresh, IconRotate, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useLacking } from "~/api/session";
import { confirm } from "~/components/confirm";
import { May } from "~/components/May";
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
  const lacking = useLacking("dead_letters");
  const pending = entry.status === "pending" && !lacking;
  const readable = entry.instance !== null && entry.hindrance === null;
  const editable =
    pending && readable && detail.payload !== null && detail.payload !== "null" && entry.stage !== "ingest";
  const key = (keys: string, label: string, run: () => void, on: boolean) =>
    on ? [{ keys, label, group: "Dead letter", run, inDialog }] : [];
  useShortcuts([
    ...key("r", "Replay it", () => void confirmed(), pending && readable),
    ...key("e", "Edit and replay", () => setEditing(true), editable),
    ...key("d", "Discard it", () => resolve.mutate("discard"), pending),
  ]);
  // A key is pressed by mistake more easily than a button; what was discarded can be restored.
  const confirmed = async () => {
    const body = `${entry.sourceId ?? "The record"} goes through ${entry.stage} and what follows again, and is written to ${entry.target ?? "its target"}.`;
    if (await confirm({ title: "Replay this dead letter?", body, confirm: "Replay" }))
      replay.mutate({ fromStage: "failed" });
  };
  const act = (
    label: string,
    Icon: typeof IconTrash,
    run: () => void,
    variant: string,
    call?: { isPending: boolean },
  ) => (
    <Button size="xs" variant={variant} leftSection={<Icon size={15} />} loading={call?.isPending} onClick={run}>
      {label}
    </Button>
  );
  return (
    <>
      <May permission="dead_letters" to="replay or discard it" />
      <Group gap="xs">
        {pending &&
          readable &&
          act("Replay", IconRotate, () => replay.mutate({ fromStage: "failed" }), "filled", replay)}
        {editable && act("Edit and replay", IconPencil, () => setEditing(true), "light")}
        {pending &&
          readable &&
          act("Read again from the source", IconRefresh, () => replay.mutate({ fromStage: "ingest" }), "default")}
        {pending && act("Discard", IconTrash, () => resolve.mutate("discard"), "default", resolve)}
        {entry.status === "discarded" &&
          !lacking &&
          act("Restore", IconArrowBackUp, () => resolve.mutate("restore"), "filled", resolve)}
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
      {entry.status === "pending" && entry.hindrance !== null && (
        <Text>It cannot be replayed now: {entry.hindrance}.</Text>
      )}
      <ProblemAlert error={replay.error ?? resolve.error} />
      {editing && <EditAndReplay detail={detail} onClose={() => setEditing(false)} />}
    </>
  );
}
