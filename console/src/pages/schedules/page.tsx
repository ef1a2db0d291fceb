import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { filtersOf } from "~/components/filters";
import { AddButton, EmptyList, ListPage, useList } from "~/components/list";
import { May } from "~/components/May";
import { useSort } from "~/components/sort";
import { lookOf as statusOf } from "~/components/status";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { SCHEDULE_STATUSES } from "~/pages/search";
import { plural } from "~/state/format";
import { useUrlState } from "~/state/url";
import { Actions } from "./Actions";
import { Detail } from "./Detail";
import { ScheduleForm } from "./ScheduleForm";
import classes from "./schedules.module.css";
import { local, lookOf, type Schedule } from "./words";

export default function SchedulesPage() {
  const [view, set] = useUrlState("/signed-in/schedules");
  const { q, cursor, open, edit } = view;
  const sort = useSort(COLUMNS);
  const status = view.status === "all" ? "" : view.status;
  const list = useList<Schedule>({
    key: ["schedules", "list", q, status, sort, cursor],
    fetch: () => api.get("/api/v1/schedules", { query: { search: q, status: status || undefined, sort, cursor } }),
    every: 5_000,
  });
  const filters = filtersOf(view, set, {
    q: { search: true, name: "Search schedules", label: "Search all columns", says: (words) => `Search: ${words}` },
    status: {
      label: "Any status",
      name: "Status",
      width: 180,
      words: Object.fromEntries(SCHEDULE_STATUSES.map((one) => [one, wordOf(one)])),
      says: (one) => `Status: ${wordOf(one)}`,
    },
  });
  const create = (
    <May permission="configure" to="add schedules">
      <AddButton onClick={() => set({ edit: "*", cursor })}>New schedule</AddButton>
    </May>
  );
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
    <ListPage
      title="Schedules"
      help="schedule"
      purpose="Syncs that start by themselves: each slot starts one incremental run"
      actions={create}
      list={{ ...list, fetching: list.loading }}
      columns={columns}
      sortedBy="name"
      rowId={(schedule) => schedule.name}
      onOpen={(schedule) => set({ open: schedule.name, cursor })}
      toolbar={filters.controls}
      empty={
        <EmptyList what="schedules" filters={filters} title="No schedules yet" action={create}>
          A schedule starts the runs of one instance and entity type by itself, at the times you choose.
        </EmptyList>
      }
      counted={list.rows && plural(list.rows.length, "schedule")}
    >
      {open && (
        <Detail name={open} onEdit={() => set({ edit: open, cursor })} onClose={() => set({ open: "", cursor })} />
      )}
      <May permission="configure">
        {edit === "*" && (
          <ScheduleForm
            known={{ instance: view.instance, entityType: view.entity }}
            onClose={() => set({ edit: "", instance: "", entity: "", cursor })}
          />
        )}
        {edit && edit !== "*" && <Edited name={edit} onClose={() => set({ edit: "", cursor })} />}
      </May>
    </ListPage>
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

const wordOf = (status: string) => statusOf("schedule", status).word;

const COLUMNS: Column<Schedule>[] = [
  {
    id: "instance",
    header: "Instance",
    sort: "instance",
    cut: true,
    cell: (schedule) => <PageLink to={links.instance(schedule.instance)}>{schedule.instance}</PageLink>,
  },
  { id: "entity", header: "Entity Type", sort: "entityType", cell: (schedule) => schedule.entityType },
  { id: "name", header: "Name", hidden: true, sort: "name", cut: true, cell: (schedule) => schedule.name },
  {
    id: "cron",
    header: "Cron Expression",
    cell: (schedule) => (
      <span className={classes.cell}>
        {schedule.sentence} <code className="dim">{schedule.cron}</code>
      </span>
    ),
  },
  { id: "zone", header: "Zone", sort: "timezone", cell: (schedule) => schedule.timezone },
  {
    id: "status",
    header: "Status",
    sort: "status",
    cell: (schedule) => <StatusBadge of="schedule" state={schedule.status} reason={schedule.statusReason} />,
  },
  { id: "last", header: "Last Run", sort: "-lastRun", cell: (schedule) => <LastRun schedule={schedule} /> },
  {
    id: "next",
    header: "Next Run",
    sort: "nextRun",
    cell: ({ nextRun, timezone }) =>
      nextRun ? (
        <span className={classes.cell}>
          <Time at={nextRun} /> <span className="dim">{local(nextRun, timezone).slice(5, 16)}</span>
        </span>
      ) : (
        "–"
      ),
  },
  {
    id: "missed",
    header: "Missed, 7 days",
    align: "right",
    hidden: true,
    sort: "-missed",
    cell: (schedule) => schedule.missed,
  },
];

function LastRun({ schedule: { lastRun } }: { schedule: Schedule }) {
  if (!lastRun) return <span className="dim">never</span>;
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
