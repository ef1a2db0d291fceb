import { Button, Group, Pill, Switch, Text } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { api, type Schema } from "~/api/client";
import { useLacking } from "~/api/session";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { filtersOf } from "~/components/filters";
import { AddButton, EmptyList, ListPage, useList } from "~/components/list";
import { May } from "~/components/May";
import { useSort } from "~/components/sort";
import { Cut, PageLink, PlainLink, StatusBadge } from "~/components/values";
import { count } from "~/state/format";
import { useUrlState } from "~/state/url";
import { LastRun } from "./LastRun";
import { useSwitch } from "./queries";

type Instance = Schema<"InstanceView">;

const STATUSES: Record<string, string> = {
  active: "Active",
  inactive: "Inactive",
  dependency_inactive: "Dependency Inactive",
};

export default function InstancesPage() {
  const [view, setView] = useUrlState("/signed-in/instances");
  const sort = useSort(COLUMNS);
  const status = view.status === "all" ? "" : view.status;
  const query = { search: view.q, status: status || undefined, sort, cursor: view.cursor };
  const list = useList({
    key: ["instances", query],
    fetch: () => api.get("/api/v1/instances", { query }),
    every: 15_000,
  });
  const filters = filtersOf(view, setView, {
    q: { search: true, name: "Search instances", label: "Name, source or target", says: (q) => `has “${q}”` },
    status: { label: "Every status", name: "Status", width: 190, words: STATUSES, says: (one) => STATUSES[one] ?? one },
  });
  const create = (
    <May permission="configure" to="add instances">
      <Group gap="sm">
        <Button variant="default" component={PlainLink} to={links.fromTemplate()}>
          From a template
        </Button>
        <AddButton to={links.newInstance()}>New instance</AddButton>
      </Group>
    </May>
  );
  return (
    <ListPage
      title="Instances"
      help="instance"
      purpose="What is synced from where to where, and whether it may run."
      actions={create}
      list={list}
      columns={COLUMNS}
      sortedBy="name"
      rowId={(one) => one.name}
      link={(one) => links.instance(one.name)}
      toolbar={filters.controls}
      empty={
        <EmptyList what="instances" filters={filters} title="No instances yet" action={create}>
          An instance joins a source and a target with a mapping for each entity type. Templates are ready ones.
        </EmptyList>
      }
    />
  );
}

const COLUMNS: Column<Instance>[] = [
  {
    id: "name",
    header: "Name",
    sort: "name",
    cut: true,
    cell: (one) => <PageLink to={links.instance(one.name)}>{one.name}</PageLink>,
  },
  {
    id: "route",
    header: "Source and target",
    sort: "source",
    cell: (one) => (
      <Group gap={6} wrap="nowrap">
        <PageLink to={links.profile(one.source)}>
          <Cut width={130}>{one.source}</Cut>
        </PageLink>
        <IconArrowRight size={14} role="img" aria-label="to" />
        <PageLink to={links.profile(one.target)}>
          <Cut width={130}>{one.target}</Cut>
        </PageLink>
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
          <Text span c="dimmed">
            none
          </Text>
        )}
      </Group>
    ),
  },
  {
    id: "status",
    header: "Status",
    sort: "status",
    cell: (one) => <StatusBadge of="instance" state={one.status} reason={one.cause} />,
  },
  { id: "run", header: "Last run", sort: "-lastRun", cell: (one) => <Newest instance={one} /> },
  {
    id: "dlq",
    header: "Dead letters",
    align: "right",
    sort: "-pendingLetters",
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
    <Text span c="dimmed">
      never run
    </Text>
  );
}

function EnabledSwitch({ instance }: { instance: Instance }) {
  const change = useSwitch(instance.name);
  const lacking = useLacking("configure");
  return (
    <Switch
      size="sm"
      aria-label={`${instance.name} is enabled`}
      checked={instance.enabled}
      disabled={change.isPending || Boolean(lacking)}
      title={lacking && `Needs the role ${lacking}`}
      onChange={(event) => change.mutate(event.currentTarget.checked)}
    />
  );
}
