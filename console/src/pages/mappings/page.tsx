import { Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyList } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/PageLink";
import { Pager } from "~/components/Pager";
import { SearchBox } from "~/components/SearchBox";
import { Time } from "~/components/Time";
import { useList } from "~/components/useList";
import { UsedBy } from "~/pages/profiles/UsedBy";
import { useUrlState } from "~/state/url";

type Mapping = Schema<"MappingView">;

const COLUMNS: Column<Mapping>[] = [
  { id: "name", header: "Name", cell: (one) => <PageLink to={links.mapping(one.name)}>{one.name}</PageLink> },
  { id: "entity", header: "Entity type", cell: (one) => one.entityType },
  {
    id: "version",
    header: "Version",
    cell: (one) => (
      <span>
        v{one.activeVersion} active{one.versions > 1 && `, ${one.versions} in all`}
      </span>
    ),
  },
  { id: "usedBy", header: "Used by", cell: (one) => <UsedBy instances={one.usedBy} /> },
  { id: "by", header: "Saved by", cell: (one) => one.changedBy },
  { id: "changed", header: "Changed", cell: (one) => <Time at={one.changedAt} /> },
];

export default function MappingsPage() {
  const [view, setView] = useUrlState("/signed-in/mappings");
  const navigate = useNavigate();
  const query = {
    search: view.q,
    entityType: view.entity,
    cursor: view.cursor,
  };
  const list = useList({
    key: ["mapping-configs", query],
    fetch: () => api.get("/api/v1/mapping-configs", { query }),
  });
  const filters = [
    view.q && { label: `has “${view.q}”`, remove: () => setView({ q: "" }) },
    view.entity && { label: `entity type ${view.entity}`, remove: () => setView({ entity: "" }) },
  ];
  const create = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => void navigate({ href: links.newMapping() })}>
      New mapping
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Mappings"
        purpose="How records of one entity type are read, what they become, and what is written."
        actions={create}
      />
      <DataTable
        {...list}
        name="Mappings"
        columns={COLUMNS}
        rowId={(one) => one.name}
        link={(one) => links.mapping(one.name)}
        toolbar={
          <Group gap="xs">
            <SearchBox
              label="Search mappings"
              placeholder="Name or entity type"
              value={view.q}
              onSearch={(q) => setView({ q }, { replace: true })}
              width={240}
            />
          </Group>
        }
        empty={
          <EmptyList
            what="mappings"
            filters={filters}
            onClear={() => setView({ q: "", entity: "" })}
            title="No mappings yet"
            action={create}
          >
            A mapping says for one entity type how records are read, checked, changed and written.
          </EmptyList>
        }
      />
      <Pager next={list.next} />
    </>
  );
}
