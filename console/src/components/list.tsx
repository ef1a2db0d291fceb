import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { type QueryKey, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Page } from "~/api/client";
import { DataTable, type DataTableProps } from "./DataTable";
import { EmptyState, NoMatch, type Nothing } from "./EmptyState";
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
  actions,
  list,
  above,
  children,
  name,
  ...table
}: ListPageProps<T>) {
  return (
    <>
      <PageHeader title={title} purpose={purpose} parent={parent} actions={actions} />
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

interface SearchBoxProps {
  label: string;
  placeholder?: string;
  value: string;
  /** `setView` of a page whose address has the words as `q`. */
  set: (change: { q: string }, options: { replace: boolean }) => void;
  width?: number;
}

/** Words that a list is searched for while they are typed; the server is asked when the typing pauses. */
export function SearchBox({ label, placeholder = label, value, set, width = 240 }: SearchBoxProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const search = useDebouncedCallback((words: string) => {
    set({ q: words.trim() }, { replace: true });
    setTyped(null);
  }, 250);
  return (
    <TextInput
      size="xs"
      w={width}
      type="search"
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={15} />}
      value={typed ?? value}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
    />
  );
}

/** A filter of a list in words, and what the address says without it. */
export interface Chosen<V> {
  label: string;
  without: Partial<V>;
}

interface EmptyListProps<V> extends Nothing {
  what: string;
  filters: (Chosen<V> | false | "" | 0 | undefined)[];
  /** `setView` of the page. */
  set: (change: Partial<V>) => void;
}

/** Why a list is empty: nothing matches its filters, or nothing is there yet. */
export function EmptyList<V>({ what, filters, set, ...none }: EmptyListProps<V>) {
  const chosen = filters.filter((one) => typeof one === "object");
  if (chosen.length === 0) return <EmptyState {...none} />;
  const removable = chosen.map(({ label, without }) => ({ label, remove: () => set(without) }));
  const clear = () => set(Object.assign({}, ...chosen.map((one) => one.without)));
  return <NoMatch what={what} filters={removable} onClear={clear} />;
}
