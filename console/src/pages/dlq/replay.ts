import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { toast } from "~/components/toast";
import { refresh } from "./OperationDialog";

interface Wanted {
  fromStage: "failed" | "ingest";
  payload?: string;
  reason?: string;
}

/** Replays one entry; what was said of it comes back with a way to its run. */
export function useReplay(id: string, onDone?: () => void) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: Wanted) =>
      api.post("/api/v1/dlq/{letter_id}/replay", {
        path: { letter_id: id },
        header: { "idempotency-key": crypto.randomUUID() },
        body: { payload: null, patch: null, reason: null, ...body },
      }),
    onSuccess: (result) => {
      onDone?.();
      void refresh();
      const run = result.correlationId;
      toast.done(
        "Replay has begun",
        run ? { label: "Open run", run: () => void navigate({ to: links.run(run) }) } : undefined,
      );
    },
    onError: () => void refresh(),
  });
}

/** Discards an entry, or restores it. */
export function useResolve(id: string) {
  const put = (doing: "discard" | "restore") =>
    doing === "discard"
      ? api.post("/api/v1/dlq/{letter_id}/discard", { path: { letter_id: id }, body: { reason: null } })
      : api.post("/api/v1/dlq/{letter_id}/restore", { path: { letter_id: id }, body: { reason: null } });
  const resolve = useMutation({
    mutationFn: put,
    onSuccess: (_, doing) => {
      void refresh();
      if (doing === "restore") toast.done("Restored: it waits again");
      else toast.done("Discarded", { label: "Undo", run: () => resolve.mutate("restore") });
    },
    onError: () => void refresh(),
  });
  return resolve;
}
