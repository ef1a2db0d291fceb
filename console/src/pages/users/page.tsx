import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { api } from "~/api/client";
import { roleWord } from "~/api/session";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { Pager } from "~/components/Pager";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { useList } from "~/components/useList";
import { useUrlState } from "~/state/url";
import { AddUser } from "./AddUser";
import { EditUser } from "./EditUser";
import { statusOf, type User } from "./status";

export default function UsersPage() {
  const [{ q, cursor, user }, setView] = useUrlState("/signed-in/users");
  const [adding, setAdding] = useState(false);
  const list = useList<User>({
    key: ["users", q, cursor],
    fetch: () => api.get("/api/v1/users", { query: { search: q, cursor } }),
  });
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      Add user
    </Button>
  );
  return (
    <>
      <PageHeader title="Users" purpose="Who may sign in, what they may do, and in which tenants." actions={add} />
      <DataTable
        {...list}
        name="Users"
        columns={COLUMNS}
        rowId={(row) => row.id}
        openId={user}
        onOpen={(row) => setView({ user: row.id, cursor })}
        toolbar={
          <TextInput
            aria-label="Search by name"
            placeholder="Search by name"
            w={260}
            leftSection={<IconSearch size={15} />}
            value={q}
            onChange={(event) => setView({ q: event.currentTarget.value }, { replace: true })}
          />
        }
        empty={
          <EmptyState
            kind="no-match"
            what="users"
            filters={[{ label: `name holds “${q}”`, remove: () => setView({ q: "" }) }]}
            onClear={() => setView({ q: "" })}
          />
        }
      />
      <Pager next={list.next} />
      {adding && <AddUser onClose={() => setAdding(false)} />}
      {user && <EditUser id={user} onClose={() => setView({ user: "", cursor })} />}
    </>
  );
}

const COLUMNS: Column<User>[] = [
  { id: "name", header: "Name", cell: (user) => user.name },
  { id: "role", header: "Role", cell: (user) => roleWord(user.role) },
  { id: "tenants", header: "Tenants", cell: (user) => user.tenants.join(", ") || "all" },
  { id: "status", header: "Status", cell: (user) => <StatusBadge of="access" state={statusOf(user)} /> },
  { id: "signed-in", header: "Last signed in", cell: (user) => <Time at={user.signedInAt} none="never" /> },
  { id: "created", header: "Added", cell: (user) => <Time at={user.createdAt} />, hidden: true },
];
