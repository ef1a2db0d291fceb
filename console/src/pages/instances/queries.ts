import { useMutation } from "@tanstack/react-query";
import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { toast } from "~/components/toast";

/** Activates or deactivates an instance. */
export function useSwitch(name: string) {
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
      await refetch("instances", "instance", "audit-log");
    },
    onError: toast.failed,
  });
}
