import { Group } from "@mantine/core";
import { api } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { filtersOf } from "~/components/filters";
import { AddButton, EmptyList, ListPage, useList } from "~/components/list";
import { May } from "~/components/May";
import { useSort } from "~/components/sort";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import type { Profile } from "./draft";
import { ProfileBadge } from "./ProfileBadge";
import { useConnectors } from "./queries";
import { UsedBy } from "./UsedBy";

export default function ProfilesPage() {
  const [view, setView] = useUrlState("/signed-in/connection-profiles");
  const connectors = useConnectors();
  const titles = Object.fromEntries((connectors.data ?? []).map((one) => [one.name, one.title]));
  const status = view.status === "all" ? "" : view.status;
  const sort = useSort(columnsWith(titles));
  const query = {
    sort,
    search: view.q,
    active: status ? status === "active" : undefined,
    connector: view.connector,
    cursor: view.cursor,
  };
  const list = useList({
    key: ["connection-profiles", query],
    fetch: () => api.get("/api/v1/connection-profiles", { query }),
    every: 15_000,
  });
  const filters = filtersOf(view, setView, {
    q: {
      search: true,
      name: "Search connection profiles",
      label: "Name or connector",
      says: (q) => `name has “${q}”`,
    },
    status: {
      label: "Every status",
      name: "Status",
      width: 140,
      words: { active: "Active", inactive: "Inactive" },
      says: (one) => one,
    },
    connector: {
      label: "Every connector",
      name: "Connector",
      width: 170,
      words: titles,
      says: (one) => titles[one] ?? one,
    },
  });
  const create = (
    <May permission="configure" to="add connection profiles">
      <AddButton to={links.newProfile()}>New connection profile</AddButton>
    </May>
  );
  return (
    <ListPage
      title="Connection Profiles"
      help="profile"
      purpose="How each system is reached. Credentials are stored encrypted and never shown again."
      actions={create}
      list={list}
      name="Connection profiles"
      columns={columnsWith(titles)}
      sortedBy="name"
      rowId={(profile) => profile.name}
      link={(profile) => links.profile(profile.name)}
      toolbar={filters.controls}
      empty={
        <EmptyList what="connection profiles" filters={filters} title="No connection profiles yet" action={create}>
          A profile says how one system is reached: its address, a login, and how many calls it stands.
        </EmptyList>
      }
    />
  );
}

function columnsWith(titles: Record<string, string>): Column<Profile>[] {
  return [
    {
      id: "name",
      header: "Name",
      sort: "name",
      cut: true,
      cell: (profile) => <PageLink to={links.profile(profile.name)}>{profile.name}</PageLink>,
    },
    { id: "connector", header: "Type", cell: (profile) => titles[profile.connector] ?? profile.connector },
    { id: "address", header: "Address", cut: true, cell: (profile) => addressOf(profile) },
    {
      id: "status",
      header: "Status",
      cell: (profile) => <ProfileBadge profile={profile} />,
    },
    { id: "test", header: "Last test", sort: "-testedAt", cell: (profile) => <LastTest test={profile.lastTest} /> },
    { id: "usedBy", header: "Used by", cell: (profile) => <UsedBy instances={profile.usedBy} /> },
    {
      id: "limit",
      header: "Max Concurrent",
      align: "right",
      sort: "-maxConcurrent",
      cell: (profile) => profile.maxConcurrent,
      hidden: true,
    },
    { id: "changed", header: "Changed", sort: "-changedAt", cell: (profile) => <Time at={profile.changedAt} /> },
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
