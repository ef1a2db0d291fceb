import { TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { refetch } from "~/api/query";
import { useSession } from "~/api/session";
import type { Column } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { FIRST, Form, FormModal, useApiForm } from "~/components/form/form";
import { AddButton, ListPage, useList } from "~/components/list";
import { toast } from "~/components/toast";
import { Time } from "~/components/values";
import { count } from "~/state/format";
import { useUrlState } from "~/state/url";

type Tenant = Schema<"TenantView">;

export default function TenantsPage() {
  const [{ cursor }] = useUrlState("/signed-in/tenants");
  const here = useSession().data?.tenant;
  const [adding, setAdding] = useState(false);
  const list = useList<Tenant>({
    key: ["tenants", cursor],
    fetch: () => api.get("/api/v1/tenants", { query: { cursor } }),
  });
  const columns: Column<Tenant>[] = [
    { id: "id", header: "Tenant", cell: (row) => (row.id === here ? `${row.id} (you are here)` : row.id) },
    { id: "instances", header: "Instances", align: "right", cell: (row) => count(row.instances) },
    { id: "users", header: "Assigned users", align: "right", cell: (row) => count(row.users) },
    { id: "created", header: "Created", cell: (row) => <Time at={row.createdAt} /> },
  ];
  return (
    <ListPage
      title="Tenants"
      purpose="Isolated workspaces. Profiles, mappings, runs and keys belong to exactly one; switch in the top bar."
      actions={<AddButton onClick={() => setAdding(true)}>Add tenant</AddButton>}
      list={list}
      columns={columns}
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
