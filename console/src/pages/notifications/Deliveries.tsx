import { Modal, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { ActionButton } from "~/components/action";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { filtersOf } from "~/components/filters";
import { EmptyList, useList } from "~/components/list";
import { PlainTable } from "~/components/PlainTable";
import { CopyId, RunId, StatusBadge, Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import { calls, type Delivery, type Kind, type State } from "./kinds";

const STATES = { all: "All", waiting: "Waiting", delivered: "Delivered", given_up: "Given up" };

/** What was told to one receiver, and every attempt to tell it. */
export function Deliveries({ kind, id, active }: { kind: Kind; id: string; active: boolean }) {
  const [view, setView] = useUrlState("/signed-in/notifications/$kind/$id");
  const { state, delivery, cursor } = view;
  const filters = filtersOf(view, setView, { state: { says: (one) => STATES[one as State] } });
  const wanted: State | undefined = state === "all" ? undefined : state;
  const list = useList<Delivery>({
    key: ["notifications", kind, "deliveries", id, wanted, cursor],
    fetch: () => calls[kind].deliveries(id, wanted, cursor),
    every: 5_000,
  });
  const open = list.rows?.find((one) => one.id === delivery);
  return (
    <>
      <Title order={2} size={16} mb="xs">
        Deliveries
      </Title>
      <DataTable
        {...list}
        name="Deliveries"
        columns={[
          ...COLUMNS,
          {
            id: "again",
            header: "",
            align: "right",
            cell: (one) => <Redeliver kind={kind} id={id} delivery={one} disabled={!active} />,
          },
        ]}
        rowId={(one) => one.id}
        openId={open?.id}
        onOpen={(one) => setView({ delivery: one.id, cursor })}
        toolbar={
          <SegmentedControl
            size="xs"
            aria-label="Deliveries that are"
            data={Object.entries(STATES).map(([value, label]) => ({ value, label }))}
            value={state}
            onChange={(value) => setView({ state: value as typeof state })}
          />
        }
        empty={
          <EmptyList what="deliveries" filters={filters} title="Nothing to tell so far">
            When a run begins to fail, it stands here with the receiver's answer. Send a test to try it now.
          </EmptyList>
        }
      />
      {open && <Attempts delivery={open} onClose={() => setView({ delivery: "", cursor })} />}
    </>
  );
}

const COLUMNS: Column<Delivery>[] = [
  { id: "at", header: "Happened", cell: (one) => <Time at={one.at} /> },
  { id: "alert", header: "Told", cell: (one) => <StatusBadge of="alert" state={one.alert} /> },
  { id: "about", header: "About", cell: (one) => <About delivery={one} /> },
  { id: "run", header: "Run", cell: (one) => <RunId id={one.correlationId} /> },
  { id: "state", header: "Delivery", cell: (one) => <StatusBadge of="delivery" state={one.state} /> },
  { id: "attempts", header: "Attempts", align: "right", cell: (one) => one.tries.length },
  { id: "answer", header: "Last answer", cell: (one) => <LastAnswer delivery={one} /> },
  {
    id: "next",
    header: "Next attempt",
    cell: (one) => <Time at={one.nextAt} none={one.state === "waiting" ? "now" : "–"} />,
  },
];

function About({ delivery }: { delivery: Delivery }) {
  return (
    <span style={{ whiteSpace: "nowrap" }}>{[delivery.instance, delivery.entityType].filter(Boolean).join(" · ")}</span>
  );
}

function LastAnswer({ delivery }: { delivery: Delivery }) {
  const last = delivery.tries.at(-1);
  const words = last ? [last.status, last.answer].filter((part) => part !== null && part !== "").join(" ") : "–";
  return (
    <Text inherit span truncate title={words} style={{ display: "block", maxWidth: 260 }}>
      {words}
    </Text>
  );
}

interface RedeliverProps {
  kind: Kind;
  id: string;
  delivery: Delivery;
  disabled: boolean;
}

function Redeliver({ kind, id, delivery, disabled }: RedeliverProps) {
  const about = [delivery.instance, delivery.entityType].filter(Boolean).join(" ");
  return (
    <ActionButton
      size="compact-sm"
      disabled={disabled}
      aria-label={`Redeliver ${delivery.alert.replace("_", " ")} of ${about}`}
      run={() => calls[kind].redeliver(id, delivery.id)}
      done="It is sent again, with the same ID"
      changes={["notifications"]}
    >
      Redeliver
    </ActionButton>
  );
}

function Attempts({ delivery, onClose }: { delivery: Delivery; onClose: () => void }) {
  const newest = [...delivery.tries].reverse();
  return (
    <Modal opened onClose={onClose} title="Attempts" size="xl">
      <Stack gap="sm">
        <Text component="div">
          Known to the receiver as <CopyId value={delivery.notificationId} what="notification ID" whole />
        </Text>
        {newest.length === 0 ? (
          <Text c="dimmed">Not tried yet.</Text>
        ) : (
          <PlainTable name="Attempts" verticalSpacing={6} columns={ATTEMPTS} rows={newest} rowId={(one) => one.at} />
        )}
      </Stack>
    </Modal>
  );
}

const ATTEMPTS: Column<Delivery["tries"][number]>[] = [
  { id: "at", header: "When", cell: (one) => <Time at={one.at} as="absolute" /> },
  { id: "result", header: "Result", cell: (one) => <StatusBadge of="attempt" state={one.ok ? "taken" : "refused"} /> },
  {
    id: "answer",
    header: "Answer",
    cell: (one) => (
      <span style={{ overflowWrap: "anywhere" }}>
        {one.status !== null && <b>{one.status} </b>}
        {one.answer}
      </span>
    ),
  },
  { id: "took", header: "Took", align: "right", cell: (one) => `${one.seconds} s` },
];
