import { useQuery } from "@tanstack/react-query";
import { answer, api } from "~/api/client";

/** Connectors that are installed; they change with a release only. */
export function useConnectors() {
  return useQuery({
    queryKey: ["connectors"],
    queryFn: async () => (await answer(api.GET("/api/v1/connectors"))).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
