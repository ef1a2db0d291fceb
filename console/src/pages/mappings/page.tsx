import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { filtersOf } from "~/components/filters";
import { AddButton, EmptyList, ListPage, useList } from "~/components/list";
import { May } from "~/components/May";
import { useSort } from "~/components/sort";
import { PageLink, Time } from "~/components/values";
import { UsedBy } from "~/pages/profiles/UsedBy";
import { useUrlState } from "~/state/url";

type Mapping = Schema<"MappingView">;

const COLUMNS: Column<Mapping>[] = [
  {
    id: "name",
    header: "Name",
    sort: "name",
    cut: true,
    cell: (one) => <PageLink to={links.mapping(one.name)}>{one.name}</PageLink>,
  },
  { id: "entity", header: "Entity type", sort: "entityType", cut: true, cell: (one) => one.entityType },
  {
    id: "version",
    header: "Version",
    sort: "-activeVersion",
    cell: (one) => (
      <span>
        v{one.activeVersion} active{one.versions > 1 && `, ${one.versions} in all`}
      </span>
    ),
  },
  { id: "usedBy", header: "Used by", cell: (one) => <UsedBy instances={one.usedBy} /> },
  { id: "by", header: "Saved by", sort: "changedBy", cut: true, cell: (one) => one.changedBy },
  { id: "changed", header: "Changed", sort: "-changedAt", cell: (one) => <Time at={one.changedAt} /> },
];

export default function MappingsPage() {
  const [view, setView] = useUrlState("/signed-in/mappings");
  const sort = useSort(COLUMNS);
  const query = { search: view.q, entityType: view.entity, sort, cursor: view.cursor };
  const list = useList({
    key: ["mapping-configs", query],
    fetch: () => api.get("/api/v1/mapping-configs", { query }),
  });
  const filters = filtersOf(view, setView, {
    q: { search: true, name: "Search mappings", label: "Name or entity type", says: (q) => `has “${q}”` },
    entity: { says: (entity) => `entity type ${entity}` },
  });
  const create = (
    <May permission="configure" to="add mappings">
      <AddButton to={links.newMapping()}>New mapping</AddButton>
    </May>
  );
  return (
    <ListPage
      title="Mappings"
      help="mapping"
      purpose="How records of one entity type are read, what they become, and what is written."
      actions={create}
      list={list}
      columns={COLUMNS}
      sortedBy="name"
      rowId={(one) => one.name}
      link={(one) => links.mapping(one.name)}
      toolbar={filters.controls}
      empty={
        <EmptyList what="mappings" filters={filters} title="No mappings yet" action={create}>
          A mapping says for one entity type how records are read, checked, changed and written.
        </EmptyList>
      }
    />
  );
}
