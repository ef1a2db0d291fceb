import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { type QueryKey, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Page } from "~/api/client";
import { DataTable, type DataTableProps } from "./DataTable";
import { EmptyState, NoMatch, type Nothing } from "./EmptyState";
import type { Filters } from "./filters";
import { PageHeader, type PageHeaderProps } from "./PageHeader";

interface ListOptions<T> {
  /** Names the query; must hold all filters and the cursor. */
  key: QueryKey;
  fetch: (signal: AbortSignal) => Promise<Page<T>>;
  /** Milliseconds after which it is fetched again; 0: only when asked. */
  every?: number;
  enabled?: boolean;
}

/** A page of a list for a `DataTable`: old rows stay while new ones are fetched. */
export function useList<T>({ key, fetch, every = 0, enabled = true }: ListOptions<T>) {
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => fetch(signal),
    refetchInterval: every || false,
    enabled,
  });
  return {
    rows: query.data?.items,
    next: query.data?.next ?? null,
    loading: query.isPending,
    fetching: query.isFetching,
    error: query.error,
    onRetry: () => void query.refetch(),
  };
}

interface ListPageProps<T> extends Omit<DataTableProps<T>, "name" | "rows">, Omit<PageHeaderProps, "beside"> {
  /** Names the table, where that is not the page's title. */
  name?: string;
  /** The part of the list that is shown: what `useList` gives. */
  list: Pick<DataTableProps<T>, "rows" | "next" | "loading" | "fetching" | "error" | "onRetry">;
  /** Between the header and the table. */
  above?: ReactNode;
  /** Dialogs and drawers. */
  children?: ReactNode;
}

/** A page that is one list: what it is for, its filters, its rows or why there are none, and its other parts. */
export function ListPage<T>({
  title,
  purpose,
  parent,
  help,
  actions,
  list,
  above,
  children,
  name,
  ...table
}: ListPageProps<T>) {
  return (
    <>
      <PageHeader title={title} purpose={purpose} parent={parent} help={help} actions={actions} />
      {above}
      <DataTable {...list} {...table} name={name ?? title} />
      {children}
    </>
  );
}

interface AddButtonProps {
  /** The page that makes the new thing, */
  to?: string;
  /** or what opens its dialog. */
  onClick?: () => void;
  children: string;
}

/** The main action of a list: a new thing for it. */
export function AddButton({ to, onClick, children }: AddButtonProps) {
  const navigate = useNavigate();
  return (
    <Button leftSection={<IconPlus size={16} />} onClick={onClick ?? (() => void navigate({ href: to }))}>
      {children}
    </Button>
  );
}

interface EmptyListProps extends Nothing {
  what: string;
  filters: Filters;
}

/** Why a list is empty: nothing matches its filters, or nothing is there yet. */
export function EmptyList({ what, filters: { chosen, clear }, ...none }: EmptyListProps) {
  if (chosen.length === 0) return <EmptyState {...none} />;
  return <NoMatch what={what} filters={chosen} onClear={clear} />;
}
