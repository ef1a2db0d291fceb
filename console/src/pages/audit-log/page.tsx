import { Button, Group } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import { api, serverNow } from "~/api/client";
import { ChoiceFilter } from "~/components/ChoiceFilter";
import type { Column } from "~/components/DataTable";
import { EmptyList, ListPage, useList } from "~/components/list";
import { TextFilter } from "~/components/TextFilter";
import { Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import { Details } from "./Details";
import { actionWords, type Entry, KINDS, summary } from "./words";

const NO_FILTER = { actor: "", action: "", object: "", range: "" };
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
  const list = useList<Entry>({
    key: ["audit-log", actor, action, object, range, cursor],
    fetch: () => api.get("/api/v1/audit-log", { query: { actor, action, object, cursor, since: sinceOf(range) } }),
  });
  const kinds = KINDS.includes(action) || !action ? KINDS : [...KINDS, action];
  return (
    <ListPage
      title="Audit Log"
      purpose="Who changed configuration, cursors and dead letters, who triggered, who signed in; newest first."
      list={list}
      name="Audit log"
      columns={COLUMNS}
      rowId={(row) => String(row.id)}
      openId={entry}
      onOpen={(row) => setView({ entry: String(row.id), cursor })}
      toolbar={
        <Group gap="xs">
          <TextFilter
            label="Filter by actor"
            placeholder="By whom"
            value={actor}
            onApply={(actor) => setView({ actor })}
          />
          <ChoiceFilter
            label="any action"
            name="Filter by action"
            searchable
            value={action}
            words={Object.fromEntries(kinds.map((kind) => [kind, actionWords(kind)]))}
            onChange={(action) => setView({ action })}
          />
          <TextFilter
            label="Filter by object"
            placeholder="Object"
            value={object}
            onApply={(object) => setView({ object })}
          />
          <ChoiceFilter
            label="any time"
            name="Filter by time"
            value={range}
            words={RANGES}
            onChange={(range) => setView({ range })}
          />
          {[actor, action, object, range].some(Boolean) && (
            <Button variant="subtle" leftSection={<IconFilterOff size={16} />} onClick={() => setView(NO_FILTER)}>
              Clear
            </Button>
          )}
        </Group>
      }
      empty={
        <EmptyList
          what="entries"
          filters={[
            actor && { label: `by ${actor}`, without: { actor: "" } },
            action && { label: `action ${action}`, without: { action: "" } },
            object && { label: `object ${object}`, without: { object: "" } },
            range && { label: RANGES[range] ?? range, without: { range: "" } },
          ]}
          set={setView}
          title="Nothing was done yet"
        />
      }
    >
      {entry && <Details id={entry} onClose={() => setView({ entry: "", cursor })} />}
    </ListPage>
  );
}

const COLUMNS: Column<Entry>[] = [
  { id: "at", header: "When", cell: (row) => <Time at={row.at} as="absolute" /> },
  { id: "actor", header: "By", cell: (row) => row.actor },
  { id: "action", header: "Action", cell: (row) => actionWords(row.action) },
  { id: "object", header: "Object", cell: (row) => row.object },
  { id: "details", header: "Details", cell: (row) => summary(row.details) },
  { id: "ip", header: "From", cell: (row) => row.ip ?? "–" },
];
