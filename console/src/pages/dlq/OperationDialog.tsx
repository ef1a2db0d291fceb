import { Alert, Checkbox, List, NumberInput, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { Form, FormModal, useApiForm } from "~/components/form/form";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { Time } from "~/components/values";
import { count, plural } from "~/state/format";
import type { Filter } from "./filters";
import { refresh, undo } from "./operations";
import { type Kind, VERBS } from "./words";

interface Props {
  kind: Kind;
  /** These entries, or everything that matches the filter. */
  ids?: string[];
  filter?: Filter;
  /** The error of the group, to be seen again. */
  error?: string;
  onClose: () => void;
  onBegun?: () => void;
}

const STATUS = { replay: "pending", discard: "pending", restore: "discarded" } as const;
/** More entries than these are confirmed by typing their number. */
const MANY = 1000;

/** Says once more what will be done to what, how many and until when, and begins it. */
export function OperationDialog(props: Props) {
  const frozen = useFrozen(props.kind, props.filter);
  const total = props.ids ? props.ids.length : frozen.selection?.count;
  const title = `${VERBS[props.kind]} ${plural(total ?? 0, "entry", "entries")}`;
  return (
    <FormModal onClose={props.onClose} size="lg" title={title}>
      <Fields {...props} frozen={frozen} total={total} />
    </FormModal>
  );
}

interface FieldsProps extends Props {
  frozen: ReturnType<typeof useFrozen>;
  total: number | undefined;
}

function Fields({ kind, ids, filter, error, frozen, total = 0, onBegun }: FieldsProps) {
  const key = useMemo(() => crypto.randomUUID(), []);
  const navigate = useNavigate();
  const replays = kind === "replay";
  const form = useApiForm({
    initial: {
      fromStage: "failed" as "failed" | "ingest",
      rate: "" as number | "",
      stops: filter?.group !== undefined,
      reason: "",
      typed: "",
    },
    send: ({ fromStage, rate, stops, reason }) =>
      api.post("/api/v1/operations", {
        header: { "idempotency-key": key },
        body: {
          kind,
          ids: ids ?? null,
          filter: ids ? null : ((filter ?? {}) as Schema<"EntryFilter">),
          asOf: frozen.selection?.asOf ?? null,
          expectedCount: ids ? null : total,
          reason: reason.trim() || null,
          fromStage: replays ? fromStage : "failed",
          rate: replays && rate !== "" ? rate : null,
          stopOnRepeat: replays ? stops : null,
          stopAfter: null,
        },
      }),
    onSent: (operation) => {
      onBegun?.();
      void refresh();
      const said = `${VERBS[operation.kind]} of ${plural(operation.total, "entry", "entries")} has begun`;
      const open = { label: "Open", run: () => void navigate({ href: links.operation(operation.id) }) };
      toast.done(said, kind === "restore" ? open : { label: "Undo", run: () => void undo(operation) });
    },
  });
  const sure = total <= MANY || form.values.typed.replace(/[^\d]/g, "") === String(total);
  return (
    <Form
      form={form}
      submit={`${VERBS[kind]} ${total ? count(total) : ""}`}
      ready={total > 0 && sure}
      danger={kind === "discard"}
      focused
    >
      {ids ? (
        <Text>{plural(ids.length, "selected entry", "selected entries")}.</Text>
      ) : (
        <Frozen {...frozen} error={error} />
      )}
      {replays && (
        <>
          <Radio.Group label="Start from" {...form.field("fromStage")}>
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
            w={240}
            {...form.field("rate")}
          />
          <Checkbox
            label="Stop at the first entry that fails with the same error again"
            description="Begins with one entry, then ten, then a hundred"
            {...form.field("stops", { type: "checkbox" })}
          />
        </>
      )}
      <TextInput
        label="Reason"
        description="Kept with the entries and in the audit log"
        placeholder={replays ? "fixed in mapping v14" : "test data"}
        maxLength={500}
        {...form.field("reason")}
      />
      {total > MANY && <TextInput label={`Type ${total} to confirm`} autoComplete="off" {...form.field("typed")} />}
    </Form>
  );
}

/** The selection as it was when the dialog opened, and how many have arrived since. */
function useFrozen(kind: Kind, filter: Props["filter"]) {
  const read = () => api.get("/api/v1/dlq/selection", { query: { ...filter, status: STATUS[kind] } });
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
  if (!selection) return <Text>Counting…</Text>;
  return (
    <Stack gap={6} aria-live="polite">
      <Text>
        <strong>{count(selection.count)}</strong> · {selection.words}
      </Text>
      {error && (
        <Text c="dimmed" lineClamp={3}>
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
      <Text c="dimmed">
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
