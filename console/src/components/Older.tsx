import { Button, Group } from "@mantine/core";
import { type InfiniteData, type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

interface Part {
  next?: string | null;
}

/** A list in a panel, newest first, that goes on as far as there is something: `Older` asks for the next part. */
export function useOlder<T extends Part>(key: QueryKey, fetch: (cursor: string, signal: AbortSignal) => Promise<T>) {
  return useInfiniteQuery<T, Error, InfiniteData<T, string>, QueryKey, string>({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => fetch(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
  });
}

interface Props {
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  /** "versions". */
  what: string;
}

/** Shows more of a list; nothing where all of it is shown. */
export function Older({ list, what }: Props) {
  if (!list.hasNextPage) return null;
  return (
    <Group mt="xs">
      <Button
        size="compact-sm"
        variant="default"
        loading={list.isFetchingNextPage}
        onClick={() => void list.fetchNextPage()}
      >
        Older {what}
      </Button>
    </Group>
  );
}
