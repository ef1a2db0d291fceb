import { Text } from "@mantine/core";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { roleWord } from "~/api/session";
import { ActionButton } from "~/components/action";
import type { Column } from "~/components/column";
import { EmptyState } from "~/components/EmptyState";
import { AddButton, ListPage, useList } from "~/components/list";
import { useSort } from "~/components/sort";
import { StatusBadge, Time } from "~/components/values";
import { useUrlState } from "~/state/url";
import { CreateKey } from "./CreateKey";

type ApiKey = Schema<"ApiKeyView">;

export default function ApiKeysPage() {
  const [{ cursor }] = useUrlState("/signed-in/api-keys");
  const [creating, setCreating] = useState(false);
  const sort = useSort(COLUMNS);
  const list = useList<ApiKey>({
    key: ["api-keys", sort, cursor],
    fetch: () => api.get("/api/v1/api-keys", { query: { sort, cursor } }),
  });
  const create = <AddButton onClick={() => setCreating(true)}>Create API key</AddButton>;
  return (
    <ListPage
      title="API Keys"
      purpose="Let programs in, each with a role of its own. They send Authorization: ApiKey <key>."
      actions={create}
      list={list}
      name="API keys"
      columns={COLUMNS}
      sortedBy="-createdAt"
      rowId={(key) => key.id}
      empty={
        <EmptyState title="No API keys yet" action={create}>
          A program needs one to trigger runs or to read results over HTTP.
        </EmptyState>
      }
    >
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </ListPage>
  );
}

const COLUMNS: Column<ApiKey>[] = [
  { id: "name", header: "Name", sort: "name", cut: true, cell: (key) => key.name },
  { id: "prefix", header: "Key", cell: (key) => <code>{key.prefix}_…</code> },
  { id: "role", header: "Role", sort: "role", cell: (key) => roleWord(key.role) },
  {
    id: "status",
    header: "Status",
    sort: "status",
    cell: (key) => <StatusBadge of="access" state={key.status} reason={revokedBy(key)} />,
  },
  { id: "used", header: "Last used", sort: "-usedAt", cell: (key) => <Time at={key.usedAt} none="never" /> },
  { id: "expires", header: "Expires", sort: "expiresAt", cell: (key) => <Time at={key.expiresAt} none="never" /> },
  { id: "created", header: "Created", sort: "-createdAt", cell: (key) => <Time at={key.createdAt} /> },
  { id: "by", header: "By", sort: "createdBy", cut: true, cell: (key) => key.createdBy },
  { id: "revoke", header: "", cell: (key) => <Revoke apiKey={key} />, align: "right" },
];

function revokedBy(key: ApiKey): string | null {
  return key.revokedBy ? `Revoked by ${key.revokedBy}` : null;
}

function Revoke({ apiKey }: { apiKey: ApiKey }) {
  if (apiKey.status === "revoked") return null;
  const body = (
    <>
      Programs that send <code>{apiKey.prefix}_…</code> are refused within 5 seconds. This cannot be taken back.
      {apiKey.usedAt && (
        <Text mt="xs">
          Last used: <Time at={apiKey.usedAt} />
        </Text>
      )}
    </>
  );
  return (
    <ActionButton
      size="compact-sm"
      aria-label={`Revoke ${apiKey.name}`}
      ask={{ title: `Revoke ${apiKey.name}?`, body, confirm: "Revoke", danger: true }}
      run={() => api.delete("/api/v1/api-keys/{key}", { path: { key: apiKey.id } })}
      done={`${apiKey.name} is revoked; every gateway refuses it within 5 seconds`}
      changes={["api-keys"]}
    >
      Revoke
    </ActionButton>
  );
}
