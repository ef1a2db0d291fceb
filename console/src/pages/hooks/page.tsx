import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import { links } from "~/app/links";
import type { Column } from "~/components/column";
import { filtersOf } from "~/components/filters";
import { AddButton, EmptyList, ListPage, useList } from "~/components/list";
import { May } from "~/components/May";
import { useSort } from "~/components/sort";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { plural } from "~/state/format";
import { useUrlState } from "~/state/url";
import { Actions } from "./Actions";
import { Detail } from "./Detail";
import { HookForm } from "./HookForm";
import { SecretForm } from "./SecretForm";
import { type Hook, hasSecret, SCHEMES } from "./words";

/** Hooks: where systems tell by themselves which of their records have changed. */
export default function HooksPage() {
  const [view, set] = useUrlState("/signed-in/hooks");
  const { q, cursor, open, edit, secret } = view;
  const sort = useSort(COLUMNS);
  const list = useList<Hook>({
    key: ["hooks", "list", q, sort, cursor],
    fetch: () => api.get("/api/v1/inbound-webhooks", { query: { search: q, sort, cursor } }),
    every: 5_000,
  });
  const filters = filtersOf(view, set, {
    q: { search: true, name: "Search webhooks", label: "Search", says: (words) => `Search: ${words}` },
  });
  const create = (
    <May permission="configure" to="add webhooks">
      <AddButton onClick={() => set({ edit: "*", cursor })}>New webhook</AddButton>
    </May>
  );
  const columns: Column<Hook>[] = [
    ...COLUMNS,
    {
      id: "actions",
      header: "",
      align: "right",
      cell: (hook) => (
        <Actions
          hook={hook}
          onEdit={() => set({ edit: hook.name, cursor })}
          onSecret={() => set({ secret: hook.name, cursor })}
        />
      ),
    },
  ];
  return (
    <ListPage
      title="Webhooks In"
      help="hook"
      purpose="Systems tell which of their records have changed, and these sync at once"
      actions={create}
      list={{ ...list, fetching: list.loading }}
      columns={columns}
      sortedBy="name"
      rowId={(hook) => hook.name}
      onOpen={(hook) => set({ open: hook.name, cursor })}
      toolbar={filters.controls}
      empty={
        <EmptyList what="webhooks" filters={filters} title="No webhooks yet" action={create}>
          A webhook has an address and a secret for one system, which sends there what has changed.
        </EmptyList>
      }
      counted={list.rows && plural(list.rows.length, "webhook")}
    >
      {open && (
        <Detail
          name={open}
          onEdit={() => set({ edit: open, cursor })}
          onSecret={() => set({ secret: open, cursor })}
          onClose={() => set({ open: "", cursor })}
        />
      )}
      <May permission="configure">
        {edit === "*" && (
          <HookForm
            onClose={() => set({ edit: "", cursor })}
            onMade={(hook) => set({ edit: "", open: hook.name, secret: hasSecret(hook) ? hook.name : "", cursor })}
          />
        )}
        {edit && edit !== "*" && <Edited name={edit} onClose={() => set({ edit: "", cursor })} />}
        {secret && <SecretForm name={secret} onClose={() => set({ secret: "", cursor })} />}
      </May>
    </ListPage>
  );
}

/** Loads the newest state of a hook before it is edited. */
function Edited({ name, onClose }: { name: string; onClose: () => void }) {
  const found = useQuery({
    queryKey: ["hooks", "edited", name],
    queryFn: () => api.get("/api/v1/inbound-webhooks/{name}", { path: { name } }),
    placeholderData: undefined,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return found.data ? <HookForm hook={found.data} onClose={onClose} onMade={onClose} /> : null;
}

const COLUMNS: Column<Hook>[] = [
  { id: "name", header: "Name", sort: "name", cut: true, cell: (hook) => hook.name },
  {
    id: "instance",
    header: "Instance",
    sort: "instance",
    cut: true,
    cell: (hook) => <PageLink to={links.instance(hook.instance)}>{hook.instance}</PageLink>,
  },
  { id: "entity", header: "Entity Type", sort: "entityType", cell: (hook) => hook.entityType },
  { id: "scheme", header: "Sender", cell: (hook) => SCHEMES[hook.signature.scheme].label },
  {
    id: "status",
    header: "Status",
    sort: "status",
    cell: (hook) => <StatusBadge of="hook" state={hook.status} reason={hook.statusReason} />,
  },
  {
    id: "received",
    header: "Last Received",
    sort: "-receivedAt",
    cell: (hook) => <Time at={hook.receivedAt} none="never" />,
  },
];
