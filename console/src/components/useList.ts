import { type QueryKey, useQuery } from "@tanstack/react-query";

/** One page of a list, as every list of the API answers. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}

interface Options<T> {
  /** Names the query; must hold all filters and the cursor. */
  key: QueryKey;
  fetch: (signal: AbortSignal) => Promise<Page<T>>;
  /** Milliseconds after which it is fetched again; 0: only when asked. */
  every?: number;
  enabled?: boolean;
}

/** A page of a list for a `DataTable`: old rows stay while new ones are fetched. */
export function useList<T>({ key, fetch, every = 0, enabled = true }: Options<T>) {
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
