import { Tabs, Text, TextInput } from "@mantine/core";
import { isJson, payloadText } from "~/api/lossless";
import { DiffView } from "~/components/DiffView";
import { deferred } from "~/components/deferred";
import { Form, FormModal, useApiForm } from "~/components/form/form";
import { refresh } from "./operations";
import { replay, useReplayed } from "./replay";
import type { Detail } from "./words";

const JsonEditor = deferred(() => import("~/components/JsonEditor"), 340);

/** Changes one payload, shows what differs, and replays it. The text goes to the server as it stands here. */
export function EditAndReplay({ detail, onClose }: { detail: Detail; onClose: () => void }) {
  return (
    <FormModal onClose={onClose} size={1000} title={`Edit the input of ${detail.entry.stage} and replay it`}>
      <Fields detail={detail} />
    </FormModal>
  );
}

function Fields({ detail }: { detail: Detail }) {
  const form = useApiForm({
    initial: { payload: payloadText(detail.payload), reason: "" },
    send: ({ payload, reason }) => replay(detail.entry.id, { fromStage: "failed", payload, reason: reason.trim() }),
    onSent: useReplayed(),
    onError: refresh,
  });
  const { payload, reason } = form.values;
  const ready = form.isDirty("payload") && isJson(payload) && reason.trim() !== "";
  return (
    <Form form={form} submit="Replay the edited payload" ready={ready}>
      <Tabs defaultValue="edit" keepMounted={false}>
        <Tabs.List aria-label="Payload">
          <Tabs.Tab value="edit">Edit</Tabs.Tab>
          <Tabs.Tab value="diff">Difference</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="edit" pt="xs">
          <JsonEditor
            value={payload}
            onChange={(text) => form.setFieldValue("payload", text)}
            label="Payload"
            height="340px"
          />
          {detail.isMasked && (
            <Text c="dimmed" pt={4}>
              *** stands for a secret of a connection profile: a field that you leave as it is keeps it.
            </Text>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="diff" pt="xs">
          <DiffView
            before={payloadText(detail.payload)}
            after={payload}
            beforeLabel="Stored"
            afterLabel="Edited"
            maxHeight={340}
          />
        </Tabs.Panel>
      </Tabs>
      <TextInput
        label="Reason"
        required
        description="Kept with the change, beside your name"
        placeholder="the supplier confirmed the price"
        maxLength={500}
        {...form.field("reason")}
      />
    </Form>
  );
}
