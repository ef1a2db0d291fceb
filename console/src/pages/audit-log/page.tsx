import { Button, Group } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import { api, serverNow } from "~/api/client";
import type { Column } from "~/components/column";
import { ExportMenu } from "~/components/ExportMenu";
import { filtersOf } from "~/components/filters";
import { EmptyList, ListPage, useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import { Details } from "./Details";
import { actionWords, type Entry, KINDS, summary } from "./words";

/** Spans of time by their name in the address, and their hours. */
const RANGES: Record<string, string> = {
  "1h": "last hour",
  "24h": "last 24 hours",
  "7d": "last 7 days",
  "30d": "last 30 days",
};
const HOURS: Record<string, number> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };

/** The beginning of a span, to the minute: it must not be another query with every second. */
function sinceOf(range: string): string | undefined {
  const hours = HOURS[range];
  if (hours === undefined) return undefined;
  const minute = Math.floor(serverNow() / 60_000) * 60_000;
  return new Date(minute - hours * 3_600_000).toISOString();
}

export default function AuditLogPage() {
  const [search, setView] = useUrlState("/signed-in/audit-log");
  const { actor, action, object, range, cursor, entry } = search;
  const sort = useSort(COLUMNS);
  const filter = { actor, action, object, since: sinceOf(range), sort };
  const list = useList<Entry>({
    key: ["audit-log", actor, action, object, range, sort, cursor],
    fetch: () => api.get("/api/v1/audit-log", { query: { ...filter, cursor } }),
  });
  const kinds = KINDS.includes(action) || !action ? KINDS : [...KINDS, action];
  const filters = filtersOf(search, setView, {
    actor: { name: "Filter by actor", label: "By whom", says: (one) => `by ${one}` },
    action: {
      name: "Filter by action",
      label: "any action",
      searchable: true,
      words: Object.fromEntries(kinds.map((kind) => [kind, actionWords(kind)])),
      says: (one) => `action ${one}`,
    },
    object: { name: "Filter by object", label: "Object", says: (one) => `object ${one}` },
    range: { name: "Filter by time", label: "any time", words: RANGES, says: (one) => RANGES[one] ?? one },
  });
  return (
    <ListPage
      title="Audit Log"
      purpose="Who changed configuration, cursors and dead letters, who triggered, who signed in."
      actions={<ExportMenu list="/api/v1/audit-log" query={filter} />}
      list={list}
      name="Audit log"
      columns={COLUMNS}
      sortedBy="-at"
      rowId={(row) => String(row.id)}
      openId={entry}
      onOpen={(row) => setView({ entry: String(row.id), cursor })}
      toolbar={
        <Group gap="xs">
          {filters.controls}
          {filters.chosen.length > 0 && (
            <Button variant="subtle" leftSection={<IconFilterOff size={16} />} onClick={filters.clear}>
              Clear
            </Button>
          )}
        </Group>
      }
      empty={<EmptyList what="entries" filters={filters} title="Nothing was done yet" />}
    >
      {entry && <Details id={entry} onClose={() => setView({ entry: "", cursor })} />}
    </ListPage>
  );
}

const COLUMNS: Column<Entry>[] = [
  { id: "at", header: "When", sort: "-at", cell: (row) => <Time at={row.at} as="absolute" /> },
  { id: "actor", header: "By", cut: true, cell: (row) => row.actor },
  { id: "action", header: "Action", cell: (row) => actionWords(row.action) },
  { id: "object", header: "Object", cut: true, cell: (row) => row.object },
  { id: "details", header: "Details", cut: true, cell: (row) => summary(row.details) },
  { id: "ip", header: "From", cell: (row) => row.ip ?? "–" },
];
