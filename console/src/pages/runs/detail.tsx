import { Alert, Button, Skeleton, Stack, Tabs } from "@mantine/core";
import { IconReload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { NeedsAttention } from "~/components/run/NeedsAttention";
import { RunActions } from "~/components/run/RunActions";
import { RunState } from "~/components/run/RunState";
import { FINAL_RUN_STATES, MODE_WORDS } from "~/components/status";
import { CopyId, Duration, Time, Told } from "~/components/values";
import { useRun } from "~/live/useRuns";
import { count } from "~/state/format";
import { useUrlState } from "~/state/url";
import { Failures } from "./Failures";
import { updated } from "./live";
import { Overview } from "./Overview";
import { RunRecords } from "./RunRecords";

type RunReport = Schema<"RunReport">;
const WHILE_RUNNING = 2_000;

export default function RunPage() {
  const { runId = "" } = useParams({ from: "/signed-in/runs/$runId" });
  const live = useRun(runId);
  const report = useQuery({
    queryKey: ["run", runId],
    queryFn: ({ signal }) => api.get("/api/v1/runs/{correlation_id}", { path: { correlation_id: runId }, signal }),
    refetchInterval: ({ state }) => (state.data && goesOn(state.data) ? WHILE_RUNNING : false),
  });
  if (!report.data || report.data.run.correlationId !== runId) {
    return (
      <>
        <PageHeader title="Run" parent={{ title: "Runs", to: links.runs() }} />
        {report.error ? (
          <ProblemAlert error={report.error} onRetry={() => void report.refetch()} />
        ) : (
          <Skeleton height={320} />
        )}
      </>
    );
  }
  return <Shown report={{ ...report.data, run: updated(report.data.run, live.data) }} error={report.error} />;
}

/** Whether the run goes on, or one that follows it in its chain. */
function goesOn({ run, chain }: RunReport): boolean {
  return !run.finishedAt || chain.some((one) => (one.state ? !FINAL_RUN_STATES.includes(one.state) : !one.reason));
}

function Shown({ report, error }: { report: RunReport; error: unknown }) {
  const [view, setView] = useUrlState("/signed-in/runs/$runId");
  const { run } = report;
  return (
    <>
      <PageHeader
        title={`${run.instance} / ${run.entityType}`}
        parent={{ title: "Runs", to: links.runs() }}
        beside={<RunState run={run} size="md" />}
        purpose={
          <>
            <CopyId value={run.correlationId} what="correlation ID" whole /> · {MODE_WORDS[run.mode] ?? run.mode} · by{" "}
            {run.actor} ({run.trigger}), <Time at={run.createdAt} as="absolute" /> ·{" "}
            <Duration from={run.startedAt} to={run.finishedAt} />
          </>
        }
        actions={<Actions report={report} />}
      />
      <Stack gap="md">
        {Boolean(error) && <ProblemAlert error={error} />}
        {run.reason && run.finishedAt && (
          <Alert color={run.state === "failed" ? "red" : "gray"} variant="light" radius="sm" py="xs">
            <Told>{run.reason}</Told>
          </Alert>
        )}
        {run.needsAttention && !run.finishedAt && <NeedsAttention run={run} />}
        <Tabs
          value={view.tab}
          onChange={(tab) => setView({ tab: (tab ?? "overview") as "overview" })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            <Tabs.Tab value="overview">Overview</Tabs.Tab>
            <Tabs.Tab value="records">Records ({count(run.total)})</Tabs.Tab>
            <Tabs.Tab value="failures">Failures ({count(run.failed)})</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="overview">
            <Overview report={report} />
          </Tabs.Panel>
          <Tabs.Panel value="records">
            <RunRecords run={run} />
          </Tabs.Panel>
          <Tabs.Panel value="failures">
            <Failures report={report} />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </>
  );
}

function Actions({ report }: { report: RunReport }) {
  const navigate = useNavigate();
  const { run } = report;
  if (!run.finishedAt) {
    return <RunActions run={run} />;
  }
  const again = links.trigger({
    instance: run.instance,
    entity: run.entityType,
    mode: run.mode as "incremental",
    ids: report.askedIds ?? [],
  });
  return (
    <Button variant="default" leftSection={<IconReload size={16} />} onClick={() => void navigate({ href: again })}>
      Run again
    </Button>
  );
}
