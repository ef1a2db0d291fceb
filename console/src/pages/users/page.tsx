import { useState } from "react";
import { api } from "~/api/client";
import { roleWord } from "~/api/session";
import type { Column } from "~/components/column";
import { filtersOf } from "~/components/filters";
import { AddButton, EmptyList, ListPage, useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { StatusBadge, Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import { AddUser } from "./AddUser";
import { statusOf, type User } from "./access";
import { EditUser } from "./EditUser";

export default function UsersPage() {
  const [view, setView] = useUrlState("/signed-in/users");
  const { q, cursor, user } = view;
  const [adding, setAdding] = useState(false);
  const sort = useSort(COLUMNS);
  const list = useList<User>({
    key: ["users", q, sort, cursor],
    fetch: () => api.get("/api/v1/users", { query: { search: q, sort, cursor } }),
  });
  const filters = filtersOf(view, setView, {
    q: { search: true, label: "Search by name", says: (words) => `name has “${words}”` },
  });
  return (
    <ListPage
      title="Users"
      help="user"
      purpose="Who may sign in, what they may do, and in which tenants."
      actions={<AddButton onClick={() => setAdding(true)}>Add user</AddButton>}
      list={list}
      columns={COLUMNS}
      sortedBy="name"
      rowId={(row) => row.id}
      openId={user}
      onOpen={(row) => setView({ user: row.id, cursor })}
      toolbar={filters.controls}
      empty={<EmptyList what="users" filters={filters} title="No users yet" />}
    >
      {adding && <AddUser onClose={() => setAdding(false)} />}
      {user && <EditUser id={user} onClose={() => setView({ user: "", cursor })} />}
    </ListPage>
  );
}

const COLUMNS: Column<User>[] = [
  { id: "name", header: "Name", sort: "name", cut: true, cell: (user) => user.name },
  { id: "role", header: "Role", sort: "role", cell: (user) => roleWord(user.role) },
  { id: "tenants", header: "Tenants", cut: true, cell: (user) => user.tenants.join(", ") || "all" },
  { id: "status", header: "Status", cell: (user) => <StatusBadge of="access" state={statusOf(user)} /> },
  {
    id: "signed-in",
    header: "Last signed in",
    sort: "-signedInAt",
    cell: (user) => <Time at={user.signedInAt} none="never" />,
  },
  { id: "created", header: "Added", sort: "-createdAt", cell: (user) => <Time at={user.createdAt} />, hidden: true },
];
