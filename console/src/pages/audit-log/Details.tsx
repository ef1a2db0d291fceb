import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import type { Column } from "~/components/column";
import { DetailDrawer } from "~/components/DetailDrawer";
import { Facts } from "~/components/Facts";
import { PayloadView } from "~/components/PayloadView";
import { PlainTable } from "~/components/PlainTable";
import { Time } from "~/components/values";
import { actionWords, type Change, changes, type Entry, plain } from "./words";

/** One entry: who, when, from where, and what was before and after. */
export function Details({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ["audit-log", "one", id],
    queryFn: () => api.get("/api/v1/audit-log/{entry}", { path: { entry: Number(id) } }),
    placeholderData: undefined,
  });
  const title = (entry: Entry | undefined) => (entry ? actionWords(entry.action) : "Entry");
  return (
    <DetailDrawer query={query} title={title} size="lg" onClose={onClose}>
      {(entry) => <Body entry={entry} />}
    </DetailDrawer>
  );
}

function Body({ entry }: { entry: Entry }) {
  const changed = changes(entry.details);
  return (
    <Stack gap="md">
      <Facts
        facts={[
          ["Object", entry.object],
          ["When", <Time key="at" at={entry.at} as="absolute" />],
          ["By", entry.actor],
          ["From", entry.ip ?? "unknown"],
          ["Tenant", entry.tenant === "*" ? "none: it concerns all" : entry.tenant],
        ]}
      />
      {changed.length > 0 && (
        <PlainTable
          name="What was changed"
          withTableBorder
          columns={CHANGES}
          rows={changed}
          rowId={(change) => change.name}
        />
      )}
      {Object.keys(entry.details).length > changed.length && <PayloadView payload={entry.details} label="Details" />}
    </Stack>
  );
}

const value = (shown: unknown) => <span style={{ overflowWrap: "anywhere" }}>{plain(shown)}</span>;
const CHANGES: Column<Change>[] = [
  { id: "value", header: "Value", cell: (change) => <code>{change.name}</code> },
  { id: "before", header: "Before", cell: (change) => value(change.before) },
  { id: "after", header: "After", cell: (change) => value(change.after) },
];
