import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import type { Column } from "~/components/column";
import { DataTable } from "~/components/DataTable";
import { NoMatch } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/values";
import { useUrlState } from "~/state/url";
import { type SearchHit, useSearchHits } from "./search";

const columns: Column<SearchHit>[] = [
  { id: "kind", header: "Found", width: 110, cell: (hit) => hit.kind },
  { id: "label", header: "ID", cell: (hit) => <PageLink to={hit.to}>{hit.label}</PageLink> },
  { id: "description", header: "Where", cell: (hit) => hit.description },
];

/** Finds what became of a record: in which runs, through which stages, and what its target calls it. */
export default function RecordsPage() {
  const router = useRouter();
  const [{ q }, setView] = useUrlState("/signed-in/records");
  const wanted = q.trim();
  const { hits, searching, error } = useSearchHits(wanted);
  const open = (hit: SearchHit | undefined) => hit && void router.navigate({ href: hit.to });
  return (
    <>
      <PageHeader title="Records" purpose="What happened to one record, over all runs: search it by its ID." />
      <TextInput
        autoFocus
        size="md"
        mb="md"
        maw={640}
        label="Source ID, target ID or correlation ID"
        description="Source IDs by their beginning, from three characters on; of a correlation ID six digits will do."
        leftSection={<IconSearch size={18} />}
        value={q}
        maxLength={512}
        onChange={(event) => setView({ q: event.currentTarget.value }, { replace: true })}
        onKeyDown={(event) => event.key === "Enter" && !searching && hits.length === 1 && open(hits[0])}
      />
      {wanted !== "" && (
        <DataTable
          name="Found"
          columns={columns}
          rows={searching && hits.length === 0 ? undefined : hits}
          loading={searching && hits.length === 0}
          fetching={searching}
          error={error}
          rowId={(hit) => hit.kind + hit.to + hit.description}
          link={(hit) => hit.to}
          empty={
            <NoMatch
              what="records"
              filters={[{ label: `ID ${wanted}`, remove: () => setView({ q: "" }) }]}
              onClear={() => setView({ q: "" })}
            />
          }
        />
      )}
    </>
  );
}
