import { Button, Group, Table, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useNavigate } from "@tanstack/react-router";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PageLink } from "~/components/PageLink";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { CursorDialog } from "./CursorDialog";

type Instance = Schema<"InstanceView">;
type EntityType = Schema<"EntityTypeView">;

/** What the instance syncs: the mapping, how far it was read, and the last run of each. */
export function EntityTypes({ instance }: { instance: Instance }) {
  if (instance.entityTypes.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        None yet: choose a mapping above, and save.
      </Text>
    );
  }
  return (
    <Table verticalSpacing={6} fz="sm" aria-label="Entity types">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Entity type</Table.Th>
          <Table.Th scope="col">Mapping</Table.Th>
          <Table.Th scope="col">Cursor</Table.Th>
          <Table.Th scope="col">Last run</Table.Th>
          <Table.Th scope="col">Actions</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {instance.entityTypes.map((entity) => (
          <Row key={entity.entityType} instance={instance} entity={entity} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Row({ instance, entity }: { instance: Instance; entity: EntityType }) {
  const navigate = useNavigate();
  const { entityType, mapping, mappingVersion, lastRun } = entity;
  const openCursor = () =>
    modals.open({
      title: `Cursor of ${instance.name}, ${entityType}`,
      size: "xl",
      closeButtonProps: { "aria-label": "Close" },
      children: <CursorDialog instance={instance.name} entityType={entityType} />,
    });
  return (
    <Table.Tr>
      <Table.Td>{entityType}</Table.Td>
      <Table.Td>
        <PageLink to={links.mapping(mapping)}>{mapping}</PageLink> v{mappingVersion}
      </Table.Td>
      <Table.Td>
        <CursorWords entity={entity} />
      </Table.Td>
      <Table.Td>
        {lastRun ? (
          <Group gap={6} wrap="nowrap">
            <StatusBadge of="run" state={lastRun.state} />
            <PageLink to={links.run(lastRun.correlationId)}>
              <Time at={lastRun.createdAt} />
            </PageLink>
          </Group>
        ) : (
          "never run"
        )}
      </Table.Td>
      <Table.Td>
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
      </Table.Td>
    </Table.Tr>
  );
}

/** Where a cursor stands: cleared is not the same as never set. */
function CursorWords({ entity }: { entity: EntityType }) {
  if (entity.cursorVersion === 0) return <Text size="sm">never read</Text>;
  return (
    <Group gap={6} wrap="nowrap">
      {entity.cursor === null ? <Text size="sm">cleared, not yet synced</Text> : <code>{entity.cursor}</code>}
      <Text size="sm" c="dimmed" component="span">
        <Time at={entity.cursorAt} />
      </Text>
    </Group>
  );
}
