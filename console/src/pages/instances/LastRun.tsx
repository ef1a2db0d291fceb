import { Group } from "@mantine/core";
import { links } from "~/app/links";
import { LiveRunState } from "~/components/run/RunState";
import { PageLink, Time } from "~/components/values";

/** How a run stands, and when it was asked for, with a way to it. */
export function LastRun({ run }: { run: { state: string; correlationId: string; createdAt: string } }) {
  return (
    <Group gap={6} wrap="nowrap">
      <LiveRunState correlationId={run.correlationId} state={run.state} />
      <PageLink to={links.run(run.correlationId)}>
        <Time at={run.createdAt} />
      </PageLink>
    </Group>
  );
}
