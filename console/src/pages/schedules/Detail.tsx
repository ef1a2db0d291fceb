import { Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { DetailDrawer } from "~/components/DetailDrawer";
import { EmptyState } from "~/components/EmptyState";
import { useList } from "~/components/list";
import { RunId, StatusBadge, Time } from "~/components/values";
import { Actions } from "./Actions";
import { Upcoming, usePreview } from "./Upcoming";
import { draftOf, type Firing, lookOf, type Schedule } from "./words";

interface Props {
  name: string;
  onEdit: () => void;
  onClose: () => void;
}

/** One schedule: what it will do, and what became of its newest slots. */
export function Detail({ name, onEdit, onClose }: Props) {
  const found = useQuery({
    queryKey: ["schedules", "one", name],
    queryFn: () => api.get("/api/v1/schedules/{name}", { path: { name } }),
    placeholderData: undefined,
    refetchInterval: 5_000,
  });
  return (
    <DetailDrawer query={found} title={() => `Schedule ${name}`} size={720} onClose={onClose}>
      {(schedule) => <Shown schedule={schedule} onEdit={onEdit} onClose={onClose} />}
    </DetailDrawer>
  );
}

function Shown({ schedule, onEdit, onClose }: { schedule: Schedule; onEdit: () => void; onClose: () => void }) {
  const { preview, error, busy } = usePreview(draftOf(schedule));
  const list = useList<Firing>({
    key: ["schedules", "firings", schedule.name],
    fetch: () => api.get("/api/v1/schedules/{name}/firings", { path: { name: schedule.name } }),
    every: 5_000,
  });
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Group gap="sm">
          <StatusBadge of="schedule" state={schedule.status} reason={schedule.statusReason} />
          <Text>
            {schedule.instance} / {schedule.entityType}
          </Text>
        </Group>
        <Actions schedule={schedule} onEdit={onEdit} onDeleted={onClose} wide />
      </Group>
      {schedule.statusReason && <Text c="var(--sl-warn-text)">It does not fire while {schedule.statusReason}.</Text>}
      <Upcoming preview={preview} error={error} busy={busy} />
      <div>
        <Title order={2} size={15}>
          Firings
        </Title>
        <DataTable
          {...list}
          fetching={list.loading}
          next={undefined}
          name="Firings"
          columns={COLUMNS}
          rowId={(firing) => firing.slot}
          empty={
            <EmptyState title="It has not fired yet">Its first firing will be listed here, with its run.</EmptyState>
          }
        />
      </div>
    </Stack>
  );
}

const KINDS: Record<string, string> = { slot: "On time", catch_up: "Catch-up", manual: "Run now" };

const COLUMNS: Column<Firing>[] = [
  { id: "slot", header: "Due", cell: (firing) => <Time at={firing.slot} as="absolute" /> },
  { id: "result", header: "Result", cell: (firing) => <StatusBadge {...lookOf(firing)} reason={firing.reason} /> },
  { id: "kind", header: "Kind", cell: (firing) => KINDS[firing.kind] ?? firing.kind },
  {
    id: "run",
    header: "Run",
    cell: (firing) => (firing.correlationId ? <RunId id={firing.correlationId} /> : (firing.reason ?? "–")),
  },
];
