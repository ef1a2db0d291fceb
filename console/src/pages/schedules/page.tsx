import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "~/api/client";
import { useSession } from "~/api/session";
import { links } from "~/app/links";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyList } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/PageLink";
import { Pager } from "~/components/Pager";
import { StatusBadge } from "~/components/StatusBadge";
import { lookOf as statusOf, vocabularies } from "~/components/status";
import { Time } from "~/components/Time";
import { useList } from "~/components/useList";
import { SCHEDULE_STATUSES } from "~/pages/search";
import { plural } from "~/state/format";
import { type SearchOf, useUrlState } from "~/state/url";
import { Actions } from "./Actions";
import { Detail } from "./Detail";
import { ScheduleForm } from "./ScheduleForm";
import classes from "./schedules.module.css";
import { local, lookOf, type Schedule } from "./words";

export default function SchedulesPage() {
  const [view, set] = useUrlState("/signed-in/schedules");
  const { q, status, cursor, open, edit } = view;
  const list = useList<Schedule>({
    key: ["schedules", "list", q, status, cursor],
    fetch: () => api.get("/api/v1/schedules", { query: queryOf(view) }),
    every: 5_000,
  });
  const mayEdit = useSession().data?.role !== "runner";
  const create = mayEdit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => set({ edit: "*", cursor })}>
      New schedule
    </Button>
  );
  const filters = [
    q && { label: `Search: ${q}`, remove: () => set({ q: "" }) },
    status !== "all" && { label: `Status: ${wordOf(status)}`, remove: () => set({ status: "all" }) },
  ];
  const columns: Column<Schedule>[] = [
    ...COLUMNS,
    {
      id: "actions",
      header: "",
      align: "right",
      cell: (schedule) => <Actions schedule={schedule} onEdit={() => set({ edit: schedule.name, cursor })} />,
    },
  ];
  return (
    <>
      <PageHeader
        title="Schedules"
        purpose="Syncs that start by themselves: each slot starts one incremental run"
        actions={create}
      />
      <DataTable
        {...list}
        fetching={list.loading}
        name="Schedules"
        columns={columns}
        rowId={(schedule) => schedule.name}
        onOpen={(schedule) => set({ open: schedule.name, cursor })}
        toolbar={<Filters q={q} status={status} set={set} />}
        empty={
          <EmptyList
            what="schedules"
            filters={filters}
            onClear={() => set({ q: "", status: "all" })}
            title="No schedules yet"
            action={create}
          >
            A schedule starts the runs of one instance and entity type by itself, at the times you choose.
          </EmptyList>
        }
      />
      <Pager next={list.next}>{list.rows && plural(list.rows.length, "schedule")}</Pager>
      {open && (
        <Detail name={open} onEdit={() => set({ edit: open, cursor })} onClose={() => set({ open: "", cursor })} />
      )}
      {edit === "*" && (
        <ScheduleForm
          known={{ instance: view.instance, entityType: view.entity }}
          onClose={() => set({ edit: "", instance: "", entity: "", cursor })}
        />
      )}
      {edit && edit !== "*" && <Edited name={edit} onClose={() => set({ edit: "", cursor })} />}
    </>
  );
}

/** Loads the newest state of a schedule before it is edited. */
function Edited({ name, onClose }: { name: string; onClose: () => void }) {
  const found = useQuery({
    queryKey: ["schedules", "edited", name],
    queryFn: () => api.get("/api/v1/schedules/{name}", { path: { name } }),
    placeholderData: undefined,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return found.data ? <ScheduleForm schedule={found.data} onClose={onClose} /> : null;
}

type View = SearchOf<"/signed-in/schedules">;

function queryOf({ q, status, cursor }: View) {
  return { search: q, ...(status !== "all" && { status }), cursor };
}

function wordOf(status: string): string {
  return vocabularies.schedule[status]?.word ?? status;
}

interface FilterProps {
  q: string;
  status: View["status"];
  set: (change: { q?: string; status?: View["status"] }, options?: { replace?: boolean }) => void;
}

function Filters({ q, status, set }: FilterProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const apply = useDebouncedCallback((value: string) => {
    set({ q: value.trim() }, { replace: true });
    setTyped(null);
  }, 250);
  return (
    <Group gap="xs">
      <TextInput
        size="xs"
        w={260}
        type="search"
        aria-label="Search schedules"
        placeholder="Search all columns"
        leftSection={<IconSearch size={14} />}
        value={typed ?? q}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          apply(event.currentTarget.value);
        }}
      />
      <Select
        size="xs"
        w={180}
        aria-label="Status"
        placeholder="Any status"
        clearable
        data={SCHEDULE_STATUSES.map((value) => ({ value, label: wordOf(value) }))}
        value={status === "all" ? null : status}
        onChange={(value) => set({ status: (value ?? "all") as View["status"] })}
      />
    </Group>
  );
}

const COLUMNS: Column<Schedule>[] = [
  {
    id: "instance",
    header: "Instance",
    cell: (schedule) => <PageLink to={links.instance(schedule.instance)}>{schedule.instance}</PageLink>,
  },
  { id: "entity", header: "Entity Type", cell: (schedule) => schedule.entityType },
  { id: "name", header: "Name", hidden: true, cell: (schedule) => schedule.name },
  {
    id: "cron",
    header: "Cron Expression",
    cell: (schedule) => (
      <span className={classes.cell}>
        {schedule.sentence} <code className={classes.dim}>{schedule.cron}</code>
      </span>
    ),
  },
  { id: "zone", header: "Zone", cell: (schedule) => schedule.timezone },
  {
    id: "status",
    header: "Status",
    cell: (schedule) => <StatusBadge of="schedule" state={schedule.status} reason={schedule.statusReason} />,
  },
  { id: "last", header: "Last Run", cell: (schedule) => <LastRun schedule={schedule} /> },
  {
    id: "next",
    header: "Next Run",
    cell: ({ nextRun, timezone }) =>
      nextRun ? (
        <span className={classes.cell}>
          <Time at={nextRun} /> <span className={classes.dim}>{local(nextRun, timezone).slice(5, 16)}</span>
        </span>
      ) : (
        "–"
      ),
  },
  { id: "missed", header: "Missed, 7 days", align: "right", hidden: true, cell: (schedule) => schedule.missed },
];

function LastRun({ schedule: { lastRun } }: { schedule: Schedule }) {
  if (!lastRun) return <span className={classes.dim}>never</span>;
  const look = lookOf(lastRun);
  const badge = <StatusBadge {...look} reason={lastRun.reason} />;
  return (
    <span className={classes.cell}>
      {lastRun.correlationId ? (
        <PageLink
          to={links.run(lastRun.correlationId)}
          aria-label={`${statusOf(look.of, look.state).word}: run of ${lastRun.slot}`}
          underline="never"
        >
          {badge}
        </PageLink>
      ) : (
        badge
      )}
      <Time at={lastRun.slot} />
    </span>
  );
}
