import { Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, type Schema } from "~/api/client";
import { useLacking } from "~/api/session";
import { links } from "~/app/links";
import { type FactList, Facts } from "~/components/Facts";
import { Panel } from "~/components/form/editor";
import { PlainTable } from "~/components/PlainTable";
import { PauseButton } from "~/components/run/RunActions";
import { RunState } from "~/components/run/RunState";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { useActiveRuns } from "~/live/useRuns";
import { CURSOR_COLUMNS, CursorDialog } from "./CursorDialog";
import { RunBars } from "./RunBars";
import { unsyncedWords } from "./words";

type Instance = Schema<"InstanceView">;
type EntityType = Schema<"EntityTypeView">;
type Freshness = Schema<"StreamFreshness">;

interface Props {
  instance: Instance;
  entity: EntityType;
  freshness: Freshness | undefined;
}

/** One entity type of an instance: how fresh it is, its last runs, its cursor, and what a person can do. */
export function StreamPanel({ instance, entity, freshness }: Props) {
  const active = useActiveRuns()?.find(
    (run) => run.instance === instance.name && run.entityType === entity.entityType && run.state !== "queued",
  );
  return (
    <Panel name={entity.entityType} titled>
      <Stack gap="md">
        <Group justify="space-between" gap="xs">
          <Text>
            By the mapping{" "}
            <PageLink to={links.mapping(entity.mapping)} underline="always">
              {entity.mapping}
            </PageLink>{" "}
            v{entity.mappingVersion}
          </Text>
          <Actions instance={instance} entity={entity} active={active} />
        </Group>
        {active && (
          <Group gap="xs">
            <RunState run={active} /> <PageLink to={links.run(active.correlationId)}>The run under way</PageLink>
          </Group>
        )}
        {freshness && <FreshnessFacts freshness={freshness} />}
        <RunBars instance={instance.name} entityType={entity.entityType} />
        <Cursor instance={instance.name} entity={entity} />
      </Stack>
    </Panel>
  );
}

type Active = NonNullable<ReturnType<typeof useActiveRuns>>[number];

function Actions({ instance, entity, active }: { instance: Instance; entity: EntityType; active: Active | undefined }) {
  const { entityType } = entity;
  const navigate = useNavigate();
  const may = !useLacking("configure");
  return (
    <Group gap="xs">
      {active && <PauseButton run={active} size="compact-sm" />}
      {may && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Dry run ${entityType}`}
          onClick={() => void navigate({ href: links.mapping(entity.mapping, { tab: "dry-run" }) })}
        >
          Dry run
        </Button>
      )}
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => openCursor(instance.name, entityType)}
        aria-label={`${may ? "Reset cursor" : "Cursor"}… of ${entityType}`}
      >
        {may ? "Reset cursor…" : "Cursor…"}
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

function openCursor(instance: string, entityType: string) {
  modals.open({
    title: `Cursor of ${instance}, ${entityType}`,
    size: "xl",
    children: <CursorDialog instance={instance} entityType={entityType} />,
  });
}

function FreshnessFacts({ freshness: { lastSuccess, lastRead, unsynced } }: { freshness: Freshness }) {
  const facts: FactList = [
    ["Last success", lastSuccess ? <ReadRun key="success" run={lastSuccess} /> : "never"],
    [
      "Last read whole",
      lastRead && lastRead.correlationId !== lastSuccess?.correlationId && (
        <Group gap={6}>
          <ReadRun run={lastRead} /> <StatusBadge of="run" state={lastRead.state} />
        </Group>
      ),
    ],
    ["Synced as the source was", lastRead && <Time at={lastRead.startedAt} />],
    [
      "Oldest known change that is not synced",
      unsynced[0] ? (
        <>
          <Time at={unsynced[0].since} />: {unsynced.map(unsyncedWords).join(", ")}
        </>
      ) : (
        "none is known; the next run asks the source"
      ),
    ],
  ];
  return <Facts facts={facts} />;
}

function ReadRun({ run }: { run: Schema<"ReadRun"> }) {
  return (
    <PageLink to={links.run(run.correlationId)}>
      <Time at={run.finishedAt} />
    </PageLink>
  );
}

/** Where the cursor stands, and what moved it of late. */
function Cursor({ instance, entity }: { instance: string; entity: EntityType }) {
  const { entityType, cursor, cursorVersion } = entity;
  const versions = useQuery({
    queryKey: ["cursor-versions", instance, entityType, cursorVersion],
    queryFn: () =>
      api.get("/api/v1/cursors/{instance}/{entityType}/versions", {
        path: { instance, entityType },
        query: { limit: 3 },
      }),
    enabled: cursorVersion > 0,
  });
  const rows = versions.data?.items ?? [];
  return (
    <div>
      <Text>
        Cursor:{" "}
        {cursorVersion === 0
          ? "never set: nothing was read whole yet"
          : (cursor ?? "cleared: the next run reads everything")}
      </Text>
      {rows.length > 0 && (
        <PlainTable
          name={`What moved the cursor of ${entityType}`}
          verticalSpacing={4}
          fz="sm"
          rows={rows}
          rowId={(one) => one.version}
          columns={CURSOR_COLUMNS}
        />
      )}
    </div>
  );
}
