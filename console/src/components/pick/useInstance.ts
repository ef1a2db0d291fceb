import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";

/** The instance of that name with its entity types; undefined while it is not known, and for "". */
export function useInstance(name: string): Schema<"InstanceView"> | undefined {
  const found = useQuery({
    queryKey: ["instance", name],
    queryFn: () => api.getTagged("/api/v1/instances/{name}", { path: { name } }),
    enabled: name !== "",
  });
  return found.data?.value.name === name ? found.data.value : undefined;
}
