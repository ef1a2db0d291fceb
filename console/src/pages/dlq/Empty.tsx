import { Button } from "@mantine/core";
import { links } from "~/app/links";
import { EmptyState, NoMatch } from "~/components/EmptyState";
import { PageLink, Time } from "~/components/values";
import { useSummary } from "./badge";
import { type SetView, useDlqFilters, type View } from "./filters";

/** Nothing waits, nothing was ever so, or nothing matches. */
export function Empty({ view, setView }: { view: View; setView: SetView }) {
  const summary = useSummary();
  const { chosen, clear } = useDlqFilters(view, setView);
  if (chosen.length > 0) return <NoMatch what="entries" filters={chosen} onClear={clear} />;
  if (view.status !== "pending") return <EmptyState title={`Nothing was ${view.status} yet`} />;
  return (
    <EmptyState
      title="Nothing waits"
      action={
        <Button variant="default" renderRoot={(props) => <PageLink {...props} to={links.runs()} underline="never" />}>
          Look at runs
        </Button>
      }
    >
      {summary?.lastFailedAt ? (
        <>
          The last record failed <Time at={summary.lastFailedAt} />.
        </>
      ) : (
        "No record has failed so far. What fails for good comes here, with its payload, to be repaired and replayed."
      )}
    </EmptyState>
  );
}
