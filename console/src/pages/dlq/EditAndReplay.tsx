import { Button, Group, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { type FormEvent, useMemo, useState } from "react";
import { isJson, payloadText } from "~/api/lossless";
import { asProblem } from "~/api/problem";
import { DiffView } from "~/components/DiffView";
import { deferred } from "~/components/deferred";
import { FormModal, useFormModal } from "~/components/FormModal";
import { ProblemAlert } from "~/components/ProblemAlert";
import { useReplay } from "./replay";
import type { Detail } from "./words";

const JsonEditor = deferred(() => import("~/components/JsonEditor"), 340);

/** Changes one payload, shows what differs, and replays it. The text goes to the server as it stands here. */
export function EditAndReplay({ detail, onClose }: { detail: Detail; onClose: () => void }) {
  return (
    <FormModal onClose={onClose} size={1000} title={`Edit the input of ${detail.entry.stage} and replay it`}>
      <Form detail={detail} />
    </FormModal>
  );
}

function Form({ detail }: { detail: Detail }) {
  const before = useMemo(() => payloadText(detail.payload), [detail.payload]);
  const [text, setText] = useState(before);
  const [reason, setReason] = useState("");
  const { close, done } = useFormModal(text !== before || reason !== "");
  const replay = useReplay(detail.entry.id, done);
  const ready = text !== before && isJson(text) && reason.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) replay.mutate({ fromStage: "failed", payload: text, reason: reason.trim() });
  };
  const problem = replay.error ? asProblem(replay.error) : undefined;
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Tabs defaultValue="edit" keepMounted={false}>
          <Tabs.List aria-label="Payload">
            <Tabs.Tab value="edit">Edit</Tabs.Tab>
            <Tabs.Tab value="diff">Difference</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="edit" pt="xs">
            <JsonEditor value={text} onChange={setText} label="Payload" height="340px" />
            {detail.isMasked && (
              <Text size="sm" c="dimmed" pt={4}>
                *** stands for a secret of a connection profile: a field that you leave as it is keeps it.
              </Text>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="diff" pt="xs">
            <DiffView before={before} after={text} beforeLabel="Stored" afterLabel="Edited" maxHeight={340} />
          </Tabs.Panel>
        </Tabs>
        <TextInput
          label="Reason"
          required
          description="Kept with the change, beside your name"
          placeholder="the supplier confirmed the price"
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          error={problem?.at("reason")}
        />
        <ProblemAlert error={replay.error} shownElsewhere={["reason"]} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={replay.isPending}>
            Replay the edited payload
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
