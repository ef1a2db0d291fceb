import { Button, Group, SegmentedControl, Tabs } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { links } from "~/app/links";
import { OpenDrawer } from "~/components/DetailDrawer";
import { ExportMenu } from "~/components/ExportMenu";
import { May } from "~/components/May";
import { PageHeader } from "~/components/PageHeader";
import { useSort } from "~/components/sort";
import { lookOf } from "~/components/status";
import { PageLink } from "~/components/values";
import { count } from "~/state/format";
import { useShortcuts } from "~/state/shortcuts";
import { useSummary } from "./badge";
import { COLUMNS, EntriesTable } from "./EntriesTable";
import { EntryView } from "./EntryView";
import { filterOf, useDlqView } from "./filters";
import { GroupsTable } from "./GroupsTable";
import { RunningOperations } from "./RunningOperations";

const TABS = ["pending", "replayed", "discarded", "overtaken"] as const;

export default function DeadLettersPage() {
  const [view, setView] = useDlqView();
  const pending = useSummary()?.pending;
  const sort = useSort(view.view === "groups" ? [] : COLUMNS);
  const other = view.view === "groups" ? "entries" : "groups";
  useShortcuts([{ keys: "v", label: "Groups or entries", group: "Dead letters", run: () => setView({ view: other }) }]);
  return (
    <>
      <PageHeader
        title="Dead Letter Queue"
        help="dlq"
        purpose="Records that failed for good and wait for a person: repair, replay or discard them."
        actions={
          <>
            <ExportMenu
              list="/api/v1/dlq"
              query={{ ...filterOf(view), status: view.status, sort }}
              note={view.view === "groups" && "Entries, not groups; the newest first"}
            />
            <Button
              variant="default"
              leftSection={<IconListDetails size={16} />}
              renderRoot={(props) => <PageLink {...props} to={links.operations()} underline="never" />}
            >
              Operations
            </Button>
          </>
        }
      />
      <May permission="dead_letters" to="replay or discard dead letters" />
      <RunningOperations />
      <Group justify="flex-end" mb={{ base: "xs", sm: -30 }}>
        <SegmentedControl
          size="xs"
          aria-label="View"
          value={view.view}
          onChange={(next) => setView({ view: next as "groups" | "entries" })}
          data={[
            { value: "groups", label: "Groups" },
            { value: "entries", label: "Entries" },
          ]}
        />
      </Group>
      <Tabs
        value={view.status}
        onChange={(status) => status && setView({ status: status as (typeof TABS)[number], entry: "" })}
        mb="sm"
        keepMounted={false}
      >
        <Tabs.List aria-label="Status">
          {TABS.map((status) => (
            <Tabs.Tab key={status} value={status}>
              {lookOf("letter", status).word}
              {status === "pending" && pending !== undefined && ` (${count(pending)})`}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {view.view === "groups" ? (
        <GroupsTable view={view} setView={setView} />
      ) : (
        <EntriesTable view={view} setView={setView} />
      )}
      {view.entry && (
        <OpenDrawer onClose={() => setView({ entry: "", cursor: view.cursor })} size={760} title="Dead letter">
          <EntryView id={view.entry} inDialog />
        </OpenDrawer>
      )}
    </>
  );
}
