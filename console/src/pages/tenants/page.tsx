import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { useSession } from "~/api/session";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { Pager } from "~/components/Pager";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Time } from "~/components/Time";
import { toast } from "~/components/toast";
import { useList } from "~/components/useList";
import { count } from "~/state/format";
import { text, useUrlState } from "~/state/url";

type Tenant = Schema<"TenantView">;
const view = { cursor: text() };

export default function TenantsPage() {
  const [{ cursor }] = useUrlState(view);
  const here = useSession().data?.tenant;
  const [adding, setAdding] = useState(false);
  const list = useList<Tenant>({
    key: ["tenants", cursor],
    fetch: () => api.get("/api/v1/tenants", { query: cursor ? { cursor } : {} }),
  });
  const columns: Column<Tenant>[] = [
    { id: "id", header: "Tenant", cell: (row) => (row.id === here ? `${row.id} (you are here)` : row.id) },
    { id: "instances", header: "Instances", align: "right", cell: (row) => count(row.instances) },
    { id: "users", header: "Assigned users", align: "right", cell: (row) => count(row.users) },
    { id: "created", header: "Created", cell: (row) => <Time at={row.createdAt} /> },
  ];
  return (
    <>
      <PageHeader
        title="Tenants"
        purpose="Isolated workspaces. Profiles, mappings, runs and keys belong to exactly one; switch in the top bar."
        actions={
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
            Add tenant
          </Button>
        }
      />
      <DataTable
        {...list}
        name="Tenants"
        columns={columns}
        rowId={(row) => row.id}
        empty={<EmptyState kind="nothing-yet" title="No tenants" />}
      />
      <Pager next={list.next} />
      {adding && <AddTenant onClose={() => setAdding(false)} />}
    </>
  );
}

function AddTenant({ onClose }: { onClose: () => void }) {
  const [id, setId] = useState("");
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () => api.post("/api/v1/tenants", { body: { id } }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["tenants"] });
      void queries.invalidateQueries({ queryKey: ["session"] });
      toast.done(`Tenant ${id} is there: switch to it in the top bar`);
      onClose();
    },
  });
  const problem = add.error ? asProblem(add.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (id) add.mutate();
  };
  return (
    <Modal opened onClose={onClose} title="Add tenant">
      <form onSubmit={submit}>
        <Stack gap="md">
          {problem && problem.errors.length === 0 && <ProblemAlert error={add.error} />}
          <TextInput
            label="Name"
            description="Lower-case letters, digits and hyphens; it cannot be changed later"
            required
            data-autofocus
            autoComplete="off"
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
            error={problem?.at("id")}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isPending} disabled={!id}>
              Add tenant
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
