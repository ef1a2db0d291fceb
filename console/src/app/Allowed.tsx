import { useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useLacking } from "~/api/session";
import { EmptyState } from "~/components/EmptyState";
import { PageHeader } from "~/components/PageHeader";
import { pages } from "~/pages/registry";

/** The page, for those who may see it; others read who may, and nothing is asked of the gateway. */
export function Allowed({ children }: { children: ReactNode }) {
  const path = useRouterState({ select: (state) => state.matches.at(-1)?.fullPath });
  const page = pages.find((one) => one.path === path);
  const role = useLacking(page?.needs);
  if (!role || !page) return children;
  return (
    <>
      <PageHeader title={page.title} />
      <EmptyState title={`This page needs the role ${role}`} />
    </>
  );
}
