import { Group } from "@mantine/core";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageLink } from "~/components/PageLink";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";

/** Whether an instance may run, how its last run ended, and where its cursor stands. */
export function InstanceFacts({ instance, entity }: { instance: Schema<"InstanceView">; entity: string }) {
  const type = instance.entityTypes.find((one) => one.entityType === entity);
  return (
    <Group gap={8} fz="sm" c="dimmed" mt={-8}>
      <StatusBadge of="instance" state={instance.status} reason={instance.cause} />
      {type?.lastRun && (
        <span>
          Last run{" "}
          <PageLink to={links.run(type.lastRun.correlationId)}>
            <Time at={type.lastRun.createdAt} />
          </PageLink>
        </span>
      )}
      {type?.lastRun && <StatusBadge of="run" state={type.lastRun.state} />}
      {type && !type.lastRun && <span>Never run</span>}
      {type && (
        <span>
          {type.cursor === null
            ? type.cursorVersion > 0
              ? "Cursor cleared, not yet synced"
              : "No cursor yet: everything is read"
            : `Cursor ${type.cursor}`}
        </span>
      )}
    </Group>
  );
}
