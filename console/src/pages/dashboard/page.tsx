import { Box, Button, SegmentedControl, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { Chart } from "~/components/chart/Chart";
import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { PlainLink, Time } from "~/components/values";
import { useHistory } from "~/live/usePipeline";
import { ActiveRuns } from "~/pages/monitor/RunTables";
import { useUrlState } from "~/state/url";
import { Attention } from "./Attention";
import classes from "./dashboard.module.css";
import { columns, RANGE_WORDS, type Range } from "./steps";
import { Tiles } from "./Tiles";

const COLOURS = [
  "--sl-busy-bar",
  "--sl-good-bar",
  "--sl-warn-bar",
  "--sl-code-word",
  "--sl-code-number",
  "--sl-idle-bar",
];

export default function DashboardPage() {
  const [view, setView] = useUrlState("/signed-in/");
  const query = useQuery({
    queryKey: ["dashboard", view.range],
    queryFn: () => api.get("/api/v1/dashboard", { query: { range: view.range } }),
    refetchInterval: 10_000,
  });
  const data = query.data;
  return (
    <>
      <PageHeader
        title="Dashboard"
        purpose={data ? <AsOf at={data.asOf} /> : "How syncs went, and what needs a person."}
        actions={
          <SegmentedControl
            size="xs"
            aria-label="Range"
            data={["1h", "6h", "24h", "7d", "30d"].map((value) => ({ value, label: <RangeLabel range={value} /> }))}
            value={view.range}
            onChange={(range) => setView({ range: range as Range })}
          />
        }
      />
      {query.error && !data && <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />}
      {!data && !query.error && <Skeleton height={90} mb="md" />}
      {data && <Figures data={data} range={view.range} />}
      <section className="panel">
        <h2>Active runs</h2>
        <ActiveRuns />
      </section>
    </>
  );
}

/** Short where there is no room for words. */
function RangeLabel({ range }: { range: string }) {
  return (
    <>
      <Box component="span" visibleFrom="sm">
        {RANGE_WORDS[range] ?? range}
      </Box>
      <Box component="span" hiddenFrom="sm">
        {range}
      </Box>
    </>
  );
}

function AsOf({ at }: { at: string }) {
  return (
    <Text component="span" inherit>
      As of <Time at={at} as="clock" />; runs count by the time they were asked for.
    </Text>
  );
}

function Figures({ data, range }: { data: Schema<"Dashboard">; range: Range }) {
  return (
    <>
      <Tiles data={data} range={range} />
      <Attention items={data.attention} />
      {data.totals.runs === 0 ? <NoRuns range={range} /> : <RangeCharts data={data} />}
      <Waiting />
    </>
  );
}

function NoRuns({ range }: { range: string }) {
  return (
    <div className="panel" style={{ marginBottom: 16 }}>
      <EmptyState
        title={`No runs in the ${(RANGE_WORDS[range] ?? range).toLowerCase()}`}
        action={
          <Button component={PlainLink} to={links.trigger()}>
            Trigger a sync
          </Button>
        }
      />
    </div>
  );
}

function RangeCharts({ data }: { data: Schema<"Dashboard"> }) {
  const records = columns(data, ["success", "skipped", "failed"]);
  const runs = columns(data, ["succeeded", "partialSuccess", "failedRuns", "cancelledRuns"]);
  const named = (values: number[][], names: [string, string][]) =>
    names.map(([name, colour], at) => ({ name, colour, values: values[at] ?? [] }));
  return (
    <div className={classes.charts}>
      <Chart
        title="Records by outcome"
        note="In each step, of the runs that were asked for in it."
        empty="No records"
        stacked
        at={records.at}
        series={named(records.values, [
          ["Success", "--sl-good-bar"],
          ["Skipped", "--sl-idle-bar"],
          ["Failed", "--sl-bad-bar"],
        ])}
      />
      <Chart
        title="Runs by outcome"
        empty="No runs have ended"
        stacked
        at={runs.at}
        series={named(runs.values, [
          ["Succeeded", "--sl-good-bar"],
          ["Partial Success", "--sl-warn-bar"],
          ["Failed", "--sl-bad-bar"],
          ["Cancelled", "--sl-idle-bar"],
        ])}
      />
    </div>
  );
}

/** The last half hour of the pipeline, whatever the range. */
function Waiting() {
  const { data: history, isPending } = useHistory(30);
  const stages = history?.stages.filter((stage) => !["trigger", "ingest", "deadletter"].includes(stage.service)) ?? [];
  const series = (pick: (stage: Schema<"StageHistory">) => (number | null)[]) =>
    stages.map((stage, at) => ({ name: stage.service, colour: COLOURS[at] ?? "--sl-idle-bar", values: pick(stage) }));
  if (isPending) return <Skeleton height={280} mb="md" />;
  const shared = { empty: "The monitor has not looked in the last half hour", at: history?.at ?? [] };
  return (
    <div className={classes.charts}>
      <Chart
        {...shared}
        title="Records out of each stage"
        note="A second, over the last half hour; a gap means that nobody looked."
        unit="/s"
        series={series((stage) => stage.outgoing)}
      />
      <Chart
        {...shared}
        title="Oldest waiting at each stage"
        note="Seconds; an age that grows says more than a number that does."
        unit=" s"
        series={series((stage) =>
          stage.oldestSeconds.map((age, at) => (stage.waiting[at] === null ? null : (age ?? 0))),
        )}
      />
    </div>
  );
}
