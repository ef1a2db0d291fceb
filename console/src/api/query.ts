import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { asProblem } from "./problem";

/** Signed out elsewhere, or too long away: the shell asks who is there, and shows the sign-in above the page. */
function noteEnd(error: unknown): void {
  if (asProblem(error).status === 401) void queryClient.invalidateQueries({ queryKey: SESSION });
}

const SESSION = ["session"];

/** Data is fetched again when a page is opened or its tab wakes; old rows stay in sight meanwhile. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (query.queryKey[0] !== SESSION[0]) noteEnd(error);
    },
  }),
  mutationCache: new MutationCache({ onError: noteEnd }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      placeholderData: (previous: unknown) => previous,
      retry: (times, error) => asProblem(error).passing && times < 2,
      retryDelay: (times) => Math.min(4_000, 500 * 2 ** times),
      // The browser's idea of being online says nothing about a gateway on this machine.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

/** Has queries asked for again by the first name of their key: what they show was changed. */
export async function refetch(...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => queryClient.invalidateQueries({ queryKey: [name] })));
}
