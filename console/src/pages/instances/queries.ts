import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "~/api/client";
import { toast } from "~/components/toast";

/** Activates or deactivates an instance. */
export function useSwitch(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) => {
      const params = { path: { name } };
      return enabled
        ? api.post("/api/v1/instances/{name}/activate", params)
        : api.post("/api/v1/instances/{name}/deactivate", params);
    },
    onSuccess: async (instance) => {
      const why = instance.status === "dependency_inactive" ? `, but ${instance.cause}` : "";
      toast.done(instance.enabled ? `${name} is activated${why}` : `${name} is deactivated; runs under way go on`);
      await client.invalidateQueries({ queryKey: ["instances"] });
      await client.invalidateQueries({ queryKey: ["instance", name] });
    },
    onError: toast.failed,
  });
}
