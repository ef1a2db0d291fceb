import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";

/** Stands where a page is still being built. */
export function NotBuilt({ title }: { title: string }) {
  return (
    <>
      <PageHeader title={title} />
      <EmptyState kind="nothing-yet" title={`${title} is not built yet`}>
        Use the command line meanwhile: syncline --help
      </EmptyState>
    </>
  );
}
