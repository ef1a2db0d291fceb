import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";

/** Connectors that are installed; they change with a release only. */
export function useConnectors() {
  return useQuery({
    queryKey: ["connectors"],
    queryFn: async () => (await api.get("/api/v1/connectors")).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
