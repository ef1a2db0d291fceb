import { Alert, Button, Checkbox, Group, List, Modal, NumberInput, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useMemo, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { queryClient } from "~/api/query";
import { links } from "~/app/links";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Time } from "~/components/Time";
import { toast } from "~/components/toast";
import { count, plural } from "~/state/format";
import { type Kind, type Operation, VERBS } from "./words";

interface Props {
  kind: Kind;
  /** These entries, or everything that matches the filter. */
  ids?: string[];
  filter?: Record<string, string | number>;
  /** The error of the group, to be seen again. */
  error?: string;
  onClose: (begun: boolean) => void;
}

const STATUS = { replay: "pending", discard: "pending", restore: "discarded" } as const;
/** More entries than these are confirmed by typing their number. */
const MANY = 1000;

/** Says once more what will be done to what, how many and until when, and begins it. */
export function OperationDialog({ kind, ids, filter, error, onClose }: Props) {
  const key = useMemo(() => crypto.randomUUID(), []);
  const frozen = useFrozen(kind, filter);
  const [fromStage, setFromStage] = useState("failed");
  const [rate, setRate] = useState<number | string>("");
  const [stops, setStops] = useState(filter?.group !== undefined);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const total = ids ? ids.length : frozen.selection?.count;
  const begin = useBegin(onClose);
  const sure = total === undefined || total <= MANY || typed.replace(/[^\d]/g, "") === String(total);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!total || !sure || begin.isPending) return;
    const replays = kind === "replay";
    begin.mutate({
      key,
      body: {
        kind,
        ids: ids ?? null,
        filter: ids ? null : ((filter ?? {}) as Schema<"EntryFilter">),
        asOf: frozen.selection?.asOf ?? null,
        expectedCount: ids ? null : total,
        reason: reason.trim() || null,
        fromStage: replays && fromStage === "ingest" ? "ingest" : "failed",
        rate: replays && typeof rate === "number" ? rate : null,
        stopOnRepeat: replays ? stops : null,
        stopAfter: null,
      },
    });
  };
  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      size="lg"
      title={`${VERBS[kind]} ${plural(total ?? 0, "entry", "entries")}`}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          {ids ? (
            <Text size="sm">{plural(ids.length, "selected entry", "selected entries")}.</Text>
          ) : (
            <Frozen {...frozen} error={error} />
          )}
          {kind === "replay" && (
            <>
              <Radio.Group label="Start from" value={fromStage} onChange={setFromStage}>
                <Stack gap={4} mt={4}>
                  <Radio value="failed" label="the failed stage, with its stored input and the mapping as it is now" />
                  <Radio value="ingest" label="Ingest: read the records again from their source" />
                </Stack>
              </Radio.Group>
              <NumberInput
                label="Rate"
                description="Entries a second; empty: as fast as the target allows"
                placeholder="no limit"
                min={0.1}
                max={100000}
                value={rate}
                onChange={setRate}
                w={240}
              />
              <Checkbox
                label="Stop at the first entry that fails with the same error again"
                description="Begins with one entry, then ten, then a hundred"
                checked={stops}
                onChange={(event) => setStops(event.currentTarget.checked)}
              />
            </>
          )}
          <TextInput
            label="Reason"
            description="Kept with the entries and in the audit log"
            placeholder={kind === "replay" ? "fixed in mapping v14" : "test data"}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={asProblem(begin.error ?? "").at("reason")}
          />
          {total !== undefined && total > MANY && (
            <TextInput
              label={`Type ${total} to confirm`}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
            />
          )}
          {begin.error && <ProblemAlert error={begin.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => onClose(false)}>
              Cancel
            </Button>
            <Button
              type="submit"
              color={kind === "discard" ? "red" : undefined}
              disabled={!total || !sure}
              loading={begin.isPending}
              data-autofocus
            >
              {VERBS[kind]} {total === undefined ? "" : count(total)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The selection as it was when the dialog opened, and how many have arrived since. */
function useFrozen(kind: Kind, filter: Props["filter"]) {
  const read = () => api.get("/api/v1/dlq/selection", { query: { ...filter, status: STATUS[kind] } as never });
  const opened = useMemo(() => crypto.randomUUID(), []);
  const first = useQuery({
    queryKey: ["selection", opened],
    queryFn: read,
    enabled: !!filter,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const now = useQuery({
    queryKey: ["selection", opened, "now"],
    queryFn: read,
    enabled: !!filter,
    refetchInterval: 3_000,
  });
  const arrived = (now.data?.count ?? 0) - (first.data?.count ?? 0);
  return { selection: first.data, arrived: first.data ? Math.max(0, arrived) : 0, failure: first.error };
}

function Frozen({ selection, arrived, failure, error }: ReturnType<typeof useFrozen> & { error?: string | undefined }) {
  if (failure) return <ProblemAlert error={failure} />;
  if (!selection) return <Text size="sm">Counting…</Text>;
  return (
    <Stack gap={6} aria-live="polite">
      <Text size="sm">
        <strong>{count(selection.count)}</strong> · {selection.words}
      </Text>
      {error && (
        <Text size="sm" c="dimmed" lineClamp={3}>
          “{error}”
        </Text>
      )}
      {selection.streams.length > 1 && (
        <List size="sm" spacing={0}>
          {selection.streams.slice(0, 8).map((stream) => (
            <List.Item key={`${stream.instance}/${stream.entityType}`}>
              {stream.instance ?? "unreadable messages"} {stream.entityType}: {count(stream.count)}
            </List.Item>
          ))}
        </List>
      )}
      <Text size="sm" c="dimmed">
        What was stored until <Time at={selection.asOf} as="absolute" />. Entries that arrive later are not touched.
      </Text>
      {arrived > 0 && (
        <Alert p="xs" color="yellow">
          {count(arrived)} more arrived since you opened this; they are not included.
        </Alert>
      )}
    </Stack>
  );
}

interface Begin {
  key: string;
  body: Schema<"OperationRequest">;
}

function useBegin(onClose: (begun: boolean) => void) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: ({ key, body }: Begin) => api.post("/api/v1/operations", { header: { "idempotency-key": key }, body }),
    onSuccess: (operation) => {
      onClose(true);
      void refresh();
      const said = `${VERBS[operation.kind]} of ${plural(operation.total, "entry", "entries")} has begun`;
      if (operation.kind === "restore") {
        toast.done(said, { label: "Open", run: () => void navigate({ to: links.operation(operation.id) }) });
      } else {
        toast.done(said, { label: "Undo", run: () => void undo(operation) });
      }
    },
  });
}

/** Takes an operation back: a replay that has not begun, or what a discard discarded. */
export async function undo(operation: Operation): Promise<void> {
  try {
    const undone = await api.post("/api/v1/operations/{operation_id}/undo", { path: { operation_id: operation.id } });
    toast.done(
      undone.kind === "restore"
        ? `Restoring ${plural(undone.total, "entry", "entries")}`
        : "Undone: nothing was replayed",
    );
  } catch (error) {
    toast.failed(error);
  }
  await refresh();
}

/** Lists and counts are asked for again: something was done to entries. */
export async function refresh(): Promise<void> {
  await Promise.all(
    [["dlq"], ["dlq-summary"], ["dlq-entry"], ["operations"]].map((queryKey) =>
      queryClient.invalidateQueries({ queryKey }),
    ),
  );
}
