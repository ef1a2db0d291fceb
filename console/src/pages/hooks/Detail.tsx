import { Alert, Button, Group, Modal, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "~/api/client";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { DetailDrawer } from "~/components/DetailDrawer";
import { EmptyState } from "~/components/EmptyState";
import { type FactList, Facts } from "~/components/Facts";
import { useList } from "~/components/list";
import { May } from "~/components/May";
import { PayloadView } from "~/components/PayloadView";
import { ProblemAlert } from "~/components/ProblemAlert";
import { CopyId, RunId, StatusBadge, Time } from "~/components/values";
import { count, plural } from "~/state/format";
import { Actions } from "./Actions";
import { addressOf, type Delivery, type Hook, hasSecret, SCHEMES } from "./words";

interface Props {
  name: string;
  onEdit: () => void;
  onSecret: () => void;
  onClose: () => void;
}

/** One hook: where to send, what it received last, and what came of it. */
export function Detail({ name, ...rest }: Props) {
  const found = useQuery({
    queryKey: ["hooks", "one", name],
    queryFn: () => api.get("/api/v1/inbound-webhooks/{name}", { path: { name } }),
    placeholderData: undefined,
    refetchInterval: 5_000,
  });
  return (
    <DetailDrawer query={found} title={() => `Webhook ${name}`} size={860} onClose={rest.onClose}>
      {(hook) => <Shown hook={hook} {...rest} />}
    </DetailDrawer>
  );
}

function Shown({ hook, onEdit, onSecret, onClose }: Omit<Props, "name"> & { hook: Hook }) {
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Group gap="sm">
          <StatusBadge of="hook" state={hook.status} reason={hook.statusReason} />
          <Text>
            {hook.instance} / {hook.entityType}
          </Text>
        </Group>
        <Actions hook={hook} onEdit={onEdit} onSecret={onSecret} onDeleted={onClose} />
      </Group>
      {hook.status === "no_secret" && (
        <Alert color="yellow" title="It has no secret yet">
          Until it has one, everything that is sent to it is refused.
        </Alert>
      )}
      {hook.statusReason && <Text c="var(--sl-warn-text)">No runs come of it while {hook.statusReason}.</Text>}
      <Facts facts={factsOf(hook)} />
      <Deliveries name={hook.name} />
    </Stack>
  );
}

const factsOf = (hook: Hook): FactList => [
  ["Address", <CopyId key="address" value={addressOf(hook)} what="address" whole />],
  ["Sender", SCHEMES[hook.signature.scheme].label],
  ["Source IDs", <code key="path">{hook.sourceIds}</code>],
  ["Secret given", hasSecret(hook) && <Time key="rotated" at={hook.rotatedAt} none="not yet" />],
  ["Waiting", hook.waiting > 0 && plural(hook.waiting, "change")],
  [
    "Last refused",
    hook.refusedAt && (
      <>
        <Time at={hook.refusedAt} />: {hook.refusedWhy}
      </>
    ),
  ],
];

function Deliveries({ name }: { name: string }) {
  const [cursor, setCursor] = useState("");
  const [body, setBody] = useState<Delivery>();
  const list = useList<Delivery>({
    key: ["hooks", "deliveries", name, cursor],
    fetch: () => api.get("/api/v1/inbound-webhooks/{name}/deliveries", { path: { name }, query: { cursor } }),
    every: 5_000,
  });
  const columns: Column<Delivery>[] = [
    ...COLUMNS,
    {
      id: "body",
      header: "",
      align: "right",
      cell: (one) =>
        one.hasBody && (
          <May permission="payloads">
            <Button size="compact-sm" variant="default" onClick={() => setBody(one)}>
              Body
            </Button>
          </May>
        ),
    },
  ];
  return (
    <div>
      <Title order={2} size={15}>
        Deliveries of the last seven days
      </Title>
      <DataTable
        {...list}
        fetching={list.loading}
        next={undefined}
        name="Deliveries"
        columns={columns}
        rowId={(one) => one.id}
        empty={<EmptyState title="Nothing was received">What its system sends is listed here at once.</EmptyState>}
      />
      {(list.next || cursor) && (
        <Group gap="xs" mt="xs">
          <Button size="compact-sm" variant="default" disabled={!cursor} onClick={() => setCursor("")}>
            Newest
          </Button>
          <Button size="compact-sm" variant="default" disabled={!list.next} onClick={() => setCursor(list.next ?? "")}>
            Older
          </Button>
        </Group>
      )}
      {body && <Body name={name} delivery={body} onClose={() => setBody(undefined)} />}
    </div>
  );
}

const COLUMNS: Column<Delivery>[] = [
  { id: "at", header: "Received", cell: (one) => <Time at={one.receivedAt} /> },
  { id: "records", header: "Records", cell: (one) => <Named delivery={one} /> },
  { id: "size", header: "Bytes", align: "right", cell: (one) => count(one.size) },
  { id: "runs", header: "Came of it", cell: (one) => <Result delivery={one} /> },
];

function Named({ delivery: { records, sourceIds } }: { delivery: Delivery }) {
  return (
    <span style={{ overflowWrap: "anywhere" }}>
      {sourceIds.join(", ")}
      {records > sourceIds.length && `, … (${count(records)})`}
    </span>
  );
}

function Result({ delivery: { ignored, waiting, runs } }: { delivery: Delivery }) {
  if (ignored) return <span className="dim">{ignored}</span>;
  return (
    <Stack gap={2}>
      {waiting > 0 && <span>{count(waiting)} waiting</span>}
      {runs.map((run) => (
        <Group key={run.correlationId} gap="xs" wrap="nowrap">
          {run.state === "due" || run.state === "refused" ? (
            <span className="dim">{run.reason ?? "about to begin"}</span>
          ) : (
            <>
              <StatusBadge of="run" state={run.state} reason={run.reason} />
              <RunId id={run.correlationId} />
            </>
          )}
        </Group>
      ))}
    </Stack>
  );
}

/** What was received, laid out by lines if it is JSON; each look is in the audit log. */
function Body({ name, delivery, onClose }: { name: string; delivery: Delivery; onClose: () => void }) {
  const body = useQuery({
    queryKey: ["hooks", "body", delivery.id],
    queryFn: () =>
      api.get("/api/v1/inbound-webhooks/{name}/deliveries/{delivery}/body", { path: { name, delivery: delivery.id } }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Modal opened onClose={onClose} title="What was received" size="xl">
      {body.error ? (
        <ProblemAlert error={body.error} />
      ) : body.data === undefined ? (
        <Skeleton height={160} />
      ) : (
        <PayloadView payload={body.data} label="Body" maxHeight="60vh" />
      )}
    </Modal>
  );
}
