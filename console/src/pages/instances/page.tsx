import { Button, Group, Pill, Select, Switch, Text } from "@mantine/core";
import { IconArrowRight, IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyList } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/PageLink";
import { Pager } from "~/components/Pager";
import { SearchBox } from "~/components/SearchBox";
import { StatusBadge } from "~/components/StatusBadge";
import { useList } from "~/components/useList";
import { INSTANCE_STATUSES } from "~/pages/search";
import { count } from "~/state/format";
import { useUrlState } from "~/state/url";
import { LastRun } from "./LastRun";
import { useSwitch } from "./queries";

type Instance = Schema<"InstanceView">;

const WORDS = {
  all: "Every status",
  active: "Active",
  inactive: "Inactive",
  dependency_inactive: "Dependency Inactive",
};

export default function InstancesPage() {
  const [view, setView] = useUrlState("/signed-in/instances");
  const navigate = useNavigate();
  const query = {
    search: view.q,
    status: view.status === "all" ? undefined : view.status,
    cursor: view.cursor,
  };
  const list = useList({
    key: ["instances", query],
    fetch: () => api.get("/api/v1/instances", { query }),
    every: 15_000,
  });
  const filters = [
    view.q && { label: `has “${view.q}”`, remove: () => setView({ q: "" }) },
    view.status !== "all" && { label: WORDS[view.status], remove: () => setView({ status: "all" as const }) },
  ];
  const create = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => void navigate({ href: links.newInstance() })}>
      New instance
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Instances"
        purpose="What is synced from where to where, and whether it may run."
        actions={create}
      />
      <DataTable
        {...list}
        name="Instances"
        columns={COLUMNS}
        rowId={(one) => one.name}
        link={(one) => links.instance(one.name)}
        toolbar={
          <Group gap="xs">
            <SearchBox
              label="Search instances"
              placeholder="Name, source or target"
              value={view.q}
              onSearch={(q) => setView({ q }, { replace: true })}
              width={240}
            />
            <Select
              aria-label="Status"
              data={INSTANCE_STATUSES.map((value) => ({ value, label: WORDS[value] }))}
              value={view.status}
              allowDeselect={false}
              onChange={(status) => setView({ status: (status ?? "all") as typeof view.status })}
              w={190}
            />
          </Group>
        }
        empty={
          <EmptyList
            what="instances"
            filters={filters}
            onClear={() => setView({ q: "", status: "all" })}
            title="No instances yet"
            action={create}
          >
            An instance joins a source and a target with a mapping for each entity type.
          </EmptyList>
        }
      />
      <Pager next={list.next} />
    </>
  );
}

const COLUMNS: Column<Instance>[] = [
  { id: "name", header: "Name", cell: (one) => <PageLink to={links.instance(one.name)}>{one.name}</PageLink> },
  {
    id: "route",
    header: "Source and target",
    cell: (one) => (
      <Group gap={6} wrap="nowrap">
        <PageLink to={links.profile(one.source)}>{one.source}</PageLink>
        <IconArrowRight size={14} role="img" aria-label="to" />
        <PageLink to={links.profile(one.target)}>{one.target}</PageLink>
      </Group>
    ),
  },
  {
    id: "entities",
    header: "Entity types",
    cell: (one) => (
      <Group gap={4}>
        {one.entityTypes.map((entity) => (
          <Pill key={entity.entityType} size="sm" title={`mapping ${entity.mapping}, v${entity.mappingVersion}`}>
            {entity.entityType} v{entity.mappingVersion}
          </Pill>
        ))}
        {one.entityTypes.length === 0 && (
          <Text span size="sm" c="dimmed">
            none
          </Text>
        )}
      </Group>
    ),
  },
  {
    id: "status",
    header: "Status",
    cell: (one) => <StatusBadge of="instance" state={one.status} reason={one.cause} />,
  },
  { id: "run", header: "Last run", cell: (one) => <Newest instance={one} /> },
  {
    id: "dlq",
    header: "Dead letters",
    align: "right",
    cell: (one) =>
      one.pendingLetters > 0 ? (
        <PageLink to={links.deadLetters({ instance: one.name })}>{count(one.pendingLetters)}</PageLink>
      ) : (
        "0"
      ),
  },
  { id: "switch", header: "Enabled", cell: (one) => <EnabledSwitch instance={one} /> },
];

function Newest({ instance }: { instance: Instance }) {
  const runs = instance.entityTypes.flatMap((entity) => (entity.lastRun ? [entity.lastRun] : []));
  const last = runs.sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
  if (last) return <LastRun run={last} />;
  return (
    <Text span size="sm" c="dimmed">
      never run
    </Text>
  );
}

function EnabledSwitch({ instance }: { instance: Instance }) {
  const change = useSwitch(instance.name);
  return (
    <Switch
      size="sm"
      aria-label={`${instance.name} is enabled`}
      checked={instance.enabled}
      disabled={change.isPending}
      onChange={(event) => change.mutate(event.currentTarget.checked)}
    />
  );
}
