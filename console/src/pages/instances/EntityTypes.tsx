import { Button, Group, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useNavigate } from "@tanstack/react-router";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/DataTable";
import { PlainTable } from "~/components/PlainTable";
import { LiveRunState } from "~/components/run/RunState";
import { PageLink, Time } from "~/components/values";
import { CursorDialog } from "./CursorDialog";

type Instance = Schema<"InstanceView">;
type EntityType = Schema<"EntityTypeView">;

/** What the instance syncs: the mapping, how far it was read, and the last run of each. */
export function EntityTypes({ instance }: { instance: Instance }) {
  if (instance.entityTypes.length === 0) {
    return <Text c="dimmed">None yet: choose a mapping above, and save.</Text>;
  }
  const columns: Column<EntityType>[] = [
    ...COLUMNS,
    { id: "actions", header: "Actions", cell: (entity) => <Actions instance={instance} entity={entity} /> },
  ];
  return (
    <PlainTable
      name="Entity types"
      verticalSpacing={6}
      fz="sm"
      columns={columns}
      rows={instance.entityTypes}
      rowId={(entity) => entity.entityType}
    />
  );
}

const COLUMNS: Column<EntityType>[] = [
  { id: "type", header: "Entity type", cell: (entity) => entity.entityType },
  {
    id: "mapping",
    header: "Mapping",
    cell: ({ mapping, mappingVersion }) => (
      <>
        <PageLink to={links.mapping(mapping)}>{mapping}</PageLink> v{mappingVersion}
      </>
    ),
  },
  { id: "cursor", header: "Cursor", cell: (entity) => <CursorWords entity={entity} /> },
  { id: "run", header: "Last run", cell: ({ lastRun }) => (lastRun ? <LastRun run={lastRun} /> : "never run") },
];

function Actions({ instance, entity: { entityType } }: { instance: Instance; entity: EntityType }) {
  const navigate = useNavigate();
  const openCursor = () =>
    modals.open({
      title: `Cursor of ${instance.name}, ${entityType}`,
      size: "xl",
      children: <CursorDialog instance={instance.name} entityType={entityType} />,
    });
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="compact-sm" variant="default" onClick={openCursor} aria-label={`Cursor… of ${entityType}`}>
        Cursor…
      </Button>
      <Button
        size="compact-sm"
        variant="light"
        disabled={instance.status !== "active"}
        title={instance.cause ?? undefined}
        aria-label={`Trigger ${entityType}`}
        onClick={() => void navigate({ href: links.trigger({ instance: instance.name, entity: entityType }) })}
      >
        Trigger
      </Button>
    </Group>
  );
}

/** Where a cursor stands: cleared is not the same as never set. */
function CursorWords({ entity }: { entity: EntityType }) {
  if (entity.cursorVersion === 0) return <Text>never read</Text>;
  return (
    <Group gap={6} wrap="nowrap">
      {entity.cursor === null ? <Text>cleared, not yet synced</Text> : <code>{entity.cursor}</code>}
      <Text c="dimmed" component="span">
        <Time at={entity.cursorAt} />
      </Text>
    </Group>
  );
}

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
