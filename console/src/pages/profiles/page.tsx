import { Button, Group, Select } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyList } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/PageLink";
import { Pager } from "~/components/Pager";
import { SearchBox } from "~/components/SearchBox";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { useList } from "~/components/useList";
import { useUrlState } from "~/state/url";
import type { Profile } from "./draft";
import { useConnectors } from "./queries";
import { UsedBy } from "./UsedBy";

export default function ProfilesPage() {
  const [view, setView] = useUrlState("/signed-in/connection-profiles");
  const navigate = useNavigate();
  const connectors = useConnectors();
  const titles = Object.fromEntries((connectors.data ?? []).map((one) => [one.name, one.title]));
  const query = {
    search: view.q,
    active: view.status === "all" ? undefined : view.status === "active",
    connector: view.connector,
    cursor: view.cursor,
  };
  const list = useList({
    key: ["connection-profiles", query],
    fetch: () => api.get("/api/v1/connection-profiles", { query }),
  });
  const clear = () => setView({ q: "", status: "all", connector: "" });
  const filters = [
    view.q && { label: `name has “${view.q}”`, remove: () => setView({ q: "" }) },
    view.status !== "all" && { label: view.status, remove: () => setView({ status: "all" as const }) },
    view.connector && { label: titles[view.connector] ?? view.connector, remove: () => setView({ connector: "" }) },
  ];
  const create = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => void navigate({ href: links.newProfile() })}>
      New connection profile
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Connection Profiles"
        purpose="How each system is reached. Credentials are stored encrypted and never shown again."
        actions={create}
      />
      <DataTable
        {...list}
        name="Connection profiles"
        columns={columnsWith(titles)}
        rowId={(profile) => profile.name}
        link={(profile) => links.profile(profile.name)}
        toolbar={
          <Group gap="xs">
            <SearchBox
              label="Search connection profiles"
              placeholder="Name or connector"
              value={view.q}
              onSearch={(q) => setView({ q }, { replace: true })}
              width={220}
            />
            <Select
              aria-label="Status"
              data={[
                { value: "all", label: "Every status" },
                { value: "active", label: "Active" },
                { value: "inactive", label: "Inactive" },
              ]}
              value={view.status}
              allowDeselect={false}
              onChange={(status) => setView({ status: (status ?? "all") as typeof view.status })}
              w={140}
            />
            <Select
              aria-label="Connector"
              placeholder="Every connector"
              clearable
              data={(connectors.data ?? []).map((one) => ({ value: one.name, label: one.title }))}
              value={view.connector || null}
              onChange={(connector) => setView({ connector: connector ?? "" })}
              w={170}
            />
          </Group>
        }
        empty={
          <EmptyList
            what="connection profiles"
            filters={filters}
            onClear={clear}
            title="No connection profiles yet"
            action={create}
          >
            A profile says how one system is reached: its address, a login, and how many calls it stands.
          </EmptyList>
        }
      />
      <Pager next={list.next} />
    </>
  );
}

function columnsWith(titles: Record<string, string>): Column<Profile>[] {
  return [
    {
      id: "name",
      header: "Name",
      cell: (profile) => <PageLink to={links.profile(profile.name)}>{profile.name}</PageLink>,
    },
    { id: "connector", header: "Type", cell: (profile) => titles[profile.connector] ?? profile.connector },
    { id: "address", header: "Address", cell: (profile) => addressOf(profile) },
    {
      id: "status",
      header: "Status",
      cell: (profile) => <StatusBadge of="instance" state={profile.active ? "active" : "inactive"} />,
    },
    { id: "test", header: "Last test", cell: (profile) => <LastTest test={profile.lastTest} /> },
    { id: "usedBy", header: "Used by", cell: (profile) => <UsedBy instances={profile.usedBy} /> },
    { id: "limit", header: "Max Concurrent", align: "right", cell: (profile) => profile.maxConcurrent, hidden: true },
    { id: "changed", header: "Changed", cell: (profile) => <Time at={profile.changedAt} /> },
  ];
}

/** The result that was kept, and whether it still says anything. */
function LastTest({ test }: { test: Profile["lastTest"] }) {
  if (!test) return <StatusBadge of="test" state="untested" />;
  const wrong = test.checks.find((check) => check.ok === false);
  const state = test.stale ? "stale" : test.ok ? "passed" : "failed";
  const reason = wrong ? `${String(wrong.part)}: ${String(wrong.message)}` : undefined;
  return (
    <Group gap={6} wrap="nowrap">
      <StatusBadge of="test" state={state} reason={reason} />
      <Time at={test.at} />
    </Group>
  );
}

function addressOf(profile: Profile): string {
  const { host, port, baseUrl, file, folder, database } = profile.config as Record<string, unknown>;
  if (host) return `${String(host)}${port ? `:${String(port)}` : ""}${database ? `/${String(database)}` : ""}`;
  return String(baseUrl ?? file ?? folder ?? "");
}
