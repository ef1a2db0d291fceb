import { Button, Group } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
import { api, serverNow } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { ExportMenu } from "~/components/ExportMenu";
import { EmptyList, ListPage, useList } from "~/components/list";
import { RunState } from "~/components/run/RunState";
import { useSort } from "~/components/sort";
import { MODE_WORDS } from "~/components/status";
import { Duration, PageLink, PlainLink, RunId, Time } from "~/components/values";
import { useRuns } from "~/live/useRuns";
import { count, plural, rate } from "~/state/format";
import { useUrlState } from "~/state/url";
import { MiniBar } from "./Counters";
import { queryOf, runFilters, type View } from "./filters";
import { type RunView, unseen, updated } from "./live";
import classes from "./runs.module.css";

// What tells whether a run is well comes first: on a narrow screen the last columns are out of sight.
const columns: Column<RunView>[] = [
  {
    id: "state",
    header: "State",
    cell: (run) => <RunState run={run} resume />,
  },
  {
    id: "instance",
    header: "Instance",
    cell: (run) => (
      <div className={classes.two} title={`${run.instance} / ${run.entityType}`}>
        {run.instance} / {run.entityType}
        <div className="dim">
          {run.source ?? "–"} → {run.target ?? "–"}
        </div>
      </div>
    ),
  },
  { id: "total", header: "Total", align: "right", sort: "-total", cell: (run) => count(run.total) },
  { id: "success", header: "Success", align: "right", sort: "-success", cell: (run) => count(run.success) },
  { id: "skipped", header: "Skipped", align: "right", sort: "-skipped", cell: (run) => count(run.skipped) },
  {
    id: "failed",
    header: "Failed",
    align: "right",
    sort: "-failed",
    cell: (run) =>
      run.failed > 0 ? (
        <PageLink to={links.deadLetters({ run: run.correlationId })} aria-label={`${count(run.failed)} failed records`}>
          {count(run.failed)}
        </PageLink>
      ) : (
        "0"
      ),
  },
  { id: "bar", header: "Records", cell: (run) => <MiniBar {...run} /> },
  { id: "started", header: "Started", sort: "-startedAt", cell: (run) => <Time at={run.startedAt ?? run.createdAt} /> },
  {
    id: "duration",
    header: "Duration",
    align: "right",
    sort: "-seconds",
    cell: (run) => <Duration from={run.startedAt} to={run.finishedAt} />,
  },
  {
    id: "trigger",
    header: "Triggered",
    cell: (run) => (
      <div className={classes.two}>
        {run.trigger}
        <div className="dim">by {run.actor}</div>
      </div>
    ),
  },
  { id: "mode", header: "Mode", cell: (run) => (run.sourceIds ? "By source ID" : (MODE_WORDS[run.mode] ?? run.mode)) },
  { id: "id", header: "Correlation ID", cell: (run) => <RunId id={run.correlationId} /> },
  {
    id: "rate",
    header: "Rate",
    align: "right",
    hidden: true,
    cell: (run) => rate(run.seconds ? run.total / run.seconds : null),
  },
  {
    id: "created",
    header: "Triggered at",
    hidden: true,
    sort: "-createdAt",
    cell: (run) => <Time at={run.createdAt} as="absolute" />,
  },
];

export default function RunsPage() {
  const router = useRouter();
  const [view, setView] = useUrlState("/signed-in/runs");
  const query = queryOf(view, serverNow());
  const sort = useSort(columns);
  const list = useList<RunView>({
    key: ["runs", query, sort, view.cursor],
    fetch: (signal) => api.get("/api/v1/runs", { query: { ...query, sort, limit: 50, cursor: view.cursor }, signal }),
  });
  const total = useQuery({
    queryKey: ["runs-count", query],
    queryFn: ({ signal }) => api.get("/api/v1/runs/count", { query, signal }),
  });
  const live = useRuns();
  const rows = useMemo(
    () => list.rows?.map((run) => updated(run, live.data?.get(run.correlationId))),
    [list.rows, live.data],
  );
  const arrived =
    view.cursor === "" && sort === "" && list.rows
      ? unseen(list.rows, live.data?.values() ?? []).filter(fits(view))
      : [];
  const open = (run: string) => void router.navigate({ href: links.run(run) });
  const filters = runFilters(view, setView, open);
  return (
    <ListPage
      title="Runs"
      help="run"
      purpose="Each run is one execution of one instance for one entity type."
      actions={
        <>
          <ExportMenu list="/api/v1/runs" query={{ ...query, sort }} />
          <Button leftSection={<IconPlayerPlay size={16} />} component={PlainLink} to={links.trigger()}>
            Trigger a sync
          </Button>
        </>
      }
      list={{ ...list, rows }}
      columns={columns}
      sortedBy="-createdAt"
      rowId={(run) => run.correlationId}
      link={(run) => links.run(run.correlationId)}
      toolbar={
        <Group gap="sm">
          {filters.controls}
          {arrived.length > 0 && (
            <Button size="compact-sm" radius="xl" onClick={() => list.onRetry()} aria-live="polite">
              {plural(arrived.length, "new run")}: show
            </Button>
          )}
        </Group>
      }
      empty={
        <EmptyList
          what="runs"
          filters={filters}
          title="No runs yet"
          action={<PageLink to={links.trigger()}>Trigger the first sync</PageLink>}
        >
          A run begins when somebody or something triggers a sync; it stays here for 400 days.
        </EmptyList>
      }
      counted={
        total.data && (
          <>
            {total.data.atLeast ? `More than ${count(total.data.count)} runs` : plural(total.data.count, "run")}
            {filters.chosen.length > 0 && " match"}
          </>
        )
      }
    />
  );
}

/** Whether a live run belongs to the list, as far as its status tells. */
function fits(view: View) {
  return (run: { instance: string; entityType: string; trigger: string; mode: string; state: string }) =>
    (!view.instance || run.instance === view.instance) &&
    (!view.entity || run.entityType === view.entity.toLowerCase()) &&
    (!view.trigger || run.trigger === view.trigger) &&
    (!view.mode || run.mode === view.mode) &&
    (view.state === "all" || view.state.some((state) => state === run.state)) &&
    view.id === "";
}
