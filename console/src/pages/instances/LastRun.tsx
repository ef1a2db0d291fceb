import { Group } from "@mantine/core";
import { links } from "~/app/links";
import { PageLink } from "~/components/PageLink";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";

/** How a run stands, and when it was asked for, with a way to it. */
export function LastRun({ run }: { run: { state: string; correlationId: string; createdAt: string } }) {
  return (
    <Group gap={6} wrap="nowrap">
      <StatusBadge of="run" state={run.state} />
      <PageLink to={links.run(run.correlationId)}>
        <Time at={run.createdAt} />
      </PageLink>
    </Group>
  );
}
