import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "~/api/client";
import { queryClient } from "~/api/query";
import { useLive } from "~/live/useLive";

const KEY = ["dlq-summary"];

/** How many entries wait, and when the newest one failed. Asked again when the queue has changed, and now and then. */
export function useSummary() {
  const { data: changed } = useLive<unknown>("dlq");
  useEffect(() => {
    if (changed !== undefined) void queryClient.invalidateQueries({ queryKey: KEY });
  }, [changed]);
  return useQuery({
    queryKey: KEY,
    queryFn: () => api.get("/api/v1/dlq/summary"),
    refetchInterval: 30_000,
  }).data;
}

/** How many dead letters are pending, for the rail; null until it is known. */
export function usePendingCount(): number | null {
  return useSummary()?.pending ?? null;
}
