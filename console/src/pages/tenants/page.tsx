import { TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { refetch } from "~/api/query";
import { useSession } from "~/api/session";
import type { Column } from "~/components/column";
import { EmptyState } from "~/components/EmptyState";
import { FIRST, Form, FormModal, useApiForm } from "~/components/form/form";
import { AddButton, ListPage, useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { toast } from "~/components/toast";
import { Time } from "~/components/values";
import { count } from "~/state/format";
import { useUrlState } from "~/state/url";

type Tenant = Schema<"TenantView">;

export default function TenantsPage() {
  const [{ cursor }] = useUrlState("/signed-in/tenants");
  const here = useSession().data?.tenant;
  const [adding, setAdding] = useState(false);
  const columns: Column<Tenant>[] = [
    {
      id: "id",
      header: "Tenant",
      sort: "id",
      cut: true,
      cell: (row) => (row.id === here ? `${row.id} (you are here)` : row.id),
    },
    { id: "instances", header: "Instances", align: "right", sort: "-instances", cell: (row) => count(row.instances) },
    { id: "users", header: "Assigned users", align: "right", sort: "-users", cell: (row) => count(row.users) },
    { id: "created", header: "Created", sort: "-createdAt", cell: (row) => <Time at={row.createdAt} /> },
  ];
  const sort = useSort(columns);
  const list = useList<Tenant>({
    key: ["tenants", sort, cursor],
    fetch: () => api.get("/api/v1/tenants", { query: { sort, cursor } }),
  });
  return (
    <ListPage
      title="Tenants"
      purpose="Isolated workspaces. Profiles, mappings, runs and keys belong to exactly one; switch in the top bar."
      actions={<AddButton onClick={() => setAdding(true)}>Add tenant</AddButton>}
      list={list}
      columns={columns}
      sortedBy="id"
      rowId={(row) => row.id}
      empty={<EmptyState title="No tenants" />}
    >
      {adding && (
        <FormModal onClose={() => setAdding(false)} title="Add tenant">
          <AddTenant />
        </FormModal>
      )}
    </ListPage>
  );
}

function AddTenant() {
  const form = useApiForm({
    initial: { id: "" },
    send: (body) => api.post("/api/v1/tenants", { body }),
    onSent: ({ id }) => {
      void refetch("tenants", "session");
      toast.done(`Tenant ${id} is there: switch to it in the top bar`);
    },
  });
  return (
    <Form form={form} submit="Add tenant" ready={form.values.id !== ""}>
      <TextInput
        label="Name"
        description="Lower-case letters, digits and hyphens; it cannot be changed later"
        {...FIRST}
        {...form.field("id")}
      />
    </Form>
  );
}
