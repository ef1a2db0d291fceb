import { Button, Group, Stack, Text, Tooltip } from "@mantine/core";
import { Fragment, useState } from "react";
import { api } from "~/api/client";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { Cut, StatusBadge, Time } from "~/components/values";
import { count, plural } from "~/state/format";
import { Arrived } from "./Arrived";
import { Empty } from "./Empty";
import { filterOf, type SetView, useDlqFilters, type View } from "./filters";
import { OperationDialog } from "./OperationDialog";
import { advice, type Kind, type Group as LetterGroup, useKinds, VERBS } from "./words";

/** Entries folded by what went wrong, the largest group first where no other order is asked for. */
export function GroupsTable({ view, setView }: { view: View; setView: SetView }) {
  const filter = filterOf(view);
  const kinds = useKinds(view.status);
  const [acting, setActing] = useState<{ kind: Kind; group: LetterGroup } | null>(null);
  const sort = useSort(COLUMNS);
  const query = { ...filter, status: view.status, sort, cursor: view.cursor };
  const list = useList<LetterGroup>({
    key: ["dlq", "groups", query],
    fetch: (signal) => api.get("/api/v1/dlq/groups", { query, signal }),
  });
  const filters = useDlqFilters(view, setView);
  const open = (group: LetterGroup) => setView({ view: "entries", group: group.group });
  const last: Column<LetterGroup> = {
    id: "actions",
    header: "Actions",
    cell: (group) => (
      <Group gap={4} wrap="nowrap">
        {kinds
          .filter((kind) => kind !== "replay" || group.replayable > 0)
          .map((kind) => (
            <Button
              key={kind}
              size="compact-xs"
              variant="default"
              onClick={() => setActing({ kind, group })}
              aria-label={`${VERBS[kind]} the group ${group.pattern}`}
            >
              {VERBS[kind]}
            </Button>
          ))}
      </Group>
    ),
  };
  const newest = list.rows
    ?.map((group) => group.lastSeen)
    .sort()
    .at(-1);
  return (
    <>
      <DataTable
        {...list}
        name="Groups of dead letters"
        columns={kinds.length > 0 ? [...COLUMNS, last] : COLUMNS}
        sortedBy="-count"
        rowId={(group) => group.group}
        onOpen={open}
        toolbar={filters.controls}
        empty={<Empty view={view} setView={setView} />}
        counted={
          <Group gap="xs">
            {list.rows && plural(list.rows.length, "group")}
            <Arrived view={view} newestShown={newest} />
          </Group>
        }
      />
      {acting && (
        <OperationDialog
          kind={acting.kind}
          filter={{ ...filter, group: acting.group.group }}
          error={acting.group.error}
          onClose={() => setActing(null)}
        />
      )}
    </>
  );
}

const COLUMNS: Column<LetterGroup>[] = [
  { id: "state", header: "State", cell: (group) => <StatusBadge of="group" state={group.state} /> },
  {
    id: "error",
    header: "Error",
    width: "38%",
    cell: (group) => (
      <Stack gap={0} py={4}>
        <Text fw={550} lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          {group.pattern}
        </Text>
        <Tooltip multiline maw={420} label={`${WHY} ${advice(group.category)}`}>
          <Text size="xs" c="dimmed" component="span">
            {[group.stage, group.code, group.field && `field ${group.field}`].filter(Boolean).join(" · ")}
          </Text>
        </Tooltip>
        {group.hindrances.map((why) => (
          <Text key={why} size="xs" c="var(--sl-warn-text)">
            {group.replayable > 0 ? "Some cannot be replayed: " : "Cannot be replayed: "}
            {why}
          </Text>
        ))}
      </Stack>
    ),
  },
  { id: "category", header: "Category", cell: (group) => <StatusBadge of="category" state={group.category} /> },
  {
    id: "where",
    header: "Instance / entity type",
    cell: (group) => (
      <span>
        <Few of={group.instances} /> / {group.entityTypes.join(", ") || "–"}
      </span>
    ),
  },
  { id: "count", header: "Entries", align: "right", sort: "-count", cell: (group) => count(group.count) },
  { id: "first", header: "First seen", sort: "-firstSeen", cell: (group) => <Time at={group.firstSeen} /> },
  { id: "last", header: "Last seen", sort: "-lastSeen", cell: (group) => <Time at={group.lastSeen} /> },
];

const SHOWN = 2;

/** The first names, cut where they are long, and how many more there are; all of them in the tooltip. */
function Few({ of }: { of: string[] }) {
  if (of.length === 0) return "–";
  const more = of.length - SHOWN;
  return (
    <span title={of.join(", ")}>
      {of.slice(0, SHOWN).map((name, place) => (
        <Fragment key={name}>
          {place > 0 && ", "}
          <Cut>{name}</Cut>
        </Fragment>
      ))}
      {more > 0 && ` and ${count(more)} more`}
    </span>
  );
}

const WHY = "Together because stage, code, field and message are the same, but for numbers, IDs and quoted values.";
