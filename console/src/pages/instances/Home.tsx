import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { useLacking } from "~/api/session";
import { links } from "~/app/links";
import { Panel } from "~/components/form/editor";
import { May } from "~/components/May";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { actionWords, summary } from "~/pages/audit-log/words";
import { ForRepair } from "~/pages/dlq/ForRepair";
import { count, plural } from "~/state/format";
import { StreamPanel } from "./StreamPanel";

type Instance = Schema<"InstanceView">;

const EVERY = 15_000;
const SHOWN = 5;

/** How an instance fares: each entity type, what failed, when it runs next, and who changed it. */
export function Home({ instance }: { instance: Instance }) {
  const { name } = instance;
  const freshness = useQuery({
    queryKey: ["instance-freshness", name],
    queryFn: () => api.get("/api/v1/instances/{name}/freshness", { path: { name } }),
    refetchInterval: EVERY,
  });
  return (
    <Stack gap="md">
      {freshness.error && <ProblemAlert error={freshness.error} onRetry={() => void freshness.refetch()} />}
      {instance.entityTypes.length === 0 && (
        <Panel name="Entity types" titled>
          <Text c="dimmed">None yet: choose a mapping below, and save.</Text>
        </Panel>
      )}
      {instance.entityTypes.map((entity) => (
        <StreamPanel
          key={entity.entityType}
          instance={instance}
          entity={entity}
          freshness={freshness.data?.entityTypes.find((one) => one.entityType === entity.entityType)}
        />
      ))}
      <DeadLetters instance={instance} />
      <Schedules instance={name} />
      <May permission="audit_log">
        <Audit instance={name} />
      </May>
    </Stack>
  );
}

function DeadLetters({ instance: { name, pendingLetters } }: { instance: Instance }) {
  const query = { instance: name, status: "pending" as const, limit: SHOWN };
  const groups = useQuery({
    queryKey: ["dlq", "groups", query],
    queryFn: () => api.get("/api/v1/dlq/groups", { query }),
    enabled: pendingLetters > 0,
    refetchInterval: EVERY,
  });
  const rows = pendingLetters > 0 ? groups.data?.items : [];
  return (
    <Panel name="Dead letters" titled>
      {groups.error && <ProblemAlert error={groups.error} onRetry={() => void groups.refetch()} />}
      {!rows && !groups.error && <Skeleton height={60} />}
      {pendingLetters === 0 && <Text c="dimmed">None waits for a person.</Text>}
      {rows && rows.length > 0 && (
        <PlainTable
          name="Dead letters by error"
          verticalSpacing={6}
          fz="sm"
          rows={rows}
          rowId={(group) => group.group}
          columns={[
            {
              id: "error",
              header: "Error",
              cell: (group) => (
                <PageLink
                  to={links.deadLetters({ instance: name, group: group.group, view: "entries" })}
                  style={{ overflowWrap: "anywhere" }}
                  lineClamp={2}
                >
                  {group.pattern}
                </PageLink>
              ),
            },
            { id: "type", header: "Entity type", cell: (group) => group.entityTypes.join(", ") },
            { id: "count", header: "Entries", align: "right", cell: (group) => count(group.count) },
            { id: "last", header: "Last seen", cell: (group) => <Time at={group.lastSeen} /> },
          ]}
        />
      )}
      {pendingLetters > 0 && (
        <Text mt="xs">
          <PageLink to={links.deadLetters({ instance: name })}>
            <ForRepair otherwise="See" /> {plural(pendingLetters, "dead letter")} in the DLQ
          </PageLink>
        </Text>
      )}
    </Panel>
  );
}

function Schedules({ instance }: { instance: string }) {
  const query = { instance, limit: 20 };
  const schedules = useQuery({
    queryKey: ["schedules", query],
    queryFn: () => api.get("/api/v1/schedules", { query }),
    refetchInterval: EVERY,
  });
  const rows = schedules.data?.items;
  return (
    <Panel name="Schedules" titled>
      {schedules.error && <ProblemAlert error={schedules.error} onRetry={() => void schedules.refetch()} />}
      {!rows && !schedules.error && <Skeleton height={60} />}
      {rows?.length === 0 && (
        <Text c="dimmed">
          None: it runs when somebody or something triggers it.{" "}
          <PageLink to={links.schedules()} underline="always">
            Schedules
          </PageLink>
        </Text>
      )}
      {rows && rows.length > 0 && (
        <PlainTable
          name="Schedules of the instance"
          verticalSpacing={6}
          fz="sm"
          rows={rows}
          rowId={(one) => one.name}
          columns={[
            { id: "type", header: "Entity type", cell: (one) => one.entityType },
            {
              id: "when",
              header: "When",
              cell: (one) => (
                <PageLink to={links.schedules({ open: one.name })}>
                  {one.sentence} ({one.timezone})
                </PageLink>
              ),
            },
            {
              id: "status",
              header: "Status",
              cell: (one) => <StatusBadge of="schedule" state={one.status} reason={one.statusReason} />,
            },
            { id: "next", header: "Next run", cell: (one) => <Time at={one.nextRun} none="does not fire" /> },
          ]}
        />
      )}
    </Panel>
  );
}

function Audit({ instance }: { instance: string }) {
  const query = { object: instance, action: "instance", limit: SHOWN };
  const entries = useQuery({
    queryKey: ["audit-log", query],
    queryFn: () => api.get("/api/v1/audit-log", { query }),
    enabled: !useLacking("audit_log"),
  });
  return (
    <Panel name="Changes" titled>
      {entries.error && <ProblemAlert error={entries.error} onRetry={() => void entries.refetch()} />}
      {!entries.data && !entries.error && <Skeleton height={60} />}
      {entries.data?.items.length === 0 && <Text c="dimmed">Nothing is known of changes.</Text>}
      {entries.data && entries.data.items.length > 0 && (
        <>
          <PlainTable
            name="Changes of the instance"
            verticalSpacing={6}
            fz="sm"
            rows={entries.data.items}
            rowId={(entry) => entry.id}
            columns={[
              { id: "at", header: "When", cell: (entry) => <Time at={entry.at} /> },
              { id: "actor", header: "By whom", cell: (entry) => entry.actor },
              { id: "action", header: "What", cell: (entry) => actionWords(entry.action) },
              {
                id: "details",
                header: "Details",
                cell: (entry) => <span style={{ overflowWrap: "anywhere" }}>{summary(entry.details)}</span>,
              },
            ]}
          />
          <Text mt="xs">
            <PageLink to={links.auditLog({ object: instance })}>All in the audit log</PageLink>
          </Text>
        </>
      )}
    </Panel>
  );
}
