import { api } from "~/api/client";
import { type Column, DataTable } from "~/components/DataTable";
import { EmptyList } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { Pager } from "~/components/Pager";
import { Time } from "~/components/Time";
import { useList } from "~/components/useList";
import { useUrlState } from "~/state/url";
import { Details } from "./Details";
import { Filters, NO_FILTER } from "./Filters";
import { RANGES, sinceOf } from "./Range";
import { actionWords, type Entry, summary } from "./words";

const WORDS = { actor: "by", action: "action", object: "object" } as const;

export default function AuditLogPage() {
  const [search, setView] = useUrlState("/signed-in/audit-log");
  const { cursor, entry, range } = search;
  const list = useList<Entry>({
    key: ["audit-log", search.actor, search.action, search.object, range, cursor],
    fetch: () => {
      const { actor, action, object } = search;
      const given = { actor, action, object, cursor, since: sinceOf(range) };
      const query = Object.fromEntries(Object.entries(given).filter(([, value]) => value));
      return api.get("/api/v1/audit-log", { query });
    },
  });
  const filters = [
    ...(["actor", "action", "object"] as const)
      .filter((name) => search[name])
      .map((name) => ({ label: `${WORDS[name]} ${search[name]}`, remove: () => setView({ [name]: "" }) })),
    range && { label: RANGES[range] ?? range, remove: () => setView({ range: "" }) },
  ];
  const clear = () => setView(NO_FILTER);
  return (
    <>
      <PageHeader
        title="Audit Log"
        purpose="Who changed configuration, cursors and dead letters, who triggered, who signed in; newest first."
      />
      <DataTable
        {...list}
        name="Audit log"
        columns={COLUMNS}
        rowId={(row) => String(row.id)}
        openId={entry}
        onOpen={(row) => setView({ entry: String(row.id), cursor })}
        toolbar={<Filters filter={search} onChange={setView} />}
        empty={<EmptyList what="entries" filters={filters} onClear={clear} title="Nothing was done yet" />}
      />
      <Pager next={list.next} />
      {entry && <Details id={entry} onClose={() => setView({ entry: "", cursor })} />}
    </>
  );
}

const COLUMNS: Column<Entry>[] = [
  { id: "at", header: "When", cell: (row) => <Time at={row.at} as="absolute" /> },
  { id: "actor", header: "By", cell: (row) => row.actor },
  { id: "action", header: "Action", cell: (row) => actionWords(row.action) },
  { id: "object", header: "Object", cell: (row) => row.object },
  { id: "details", header: "Details", cell: (row) => summary(row.details) },
  { id: "ip", header: "From", cell: (row) => row.ip ?? "–" },
];
