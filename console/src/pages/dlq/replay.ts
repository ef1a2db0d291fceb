import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { toast } from "~/components/toast";
import { refresh } from "./operations";

interface Replay {
  fromStage: "failed" | "ingest";
  payload?: string;
  reason?: string;
}

export function replay(id: string, body: Replay) {
  return api.post("/api/v1/dlq/{letter_id}/replay", {
    path: { letter_id: id },
    header: { "idempotency-key": crypto.randomUUID() },
    body: { payload: null, patch: null, reason: null, ...body },
  });
}

/** Says that a replay has begun, with a way to its run. */
export function useReplayed() {
  const navigate = useNavigate();
  return ({ correlationId: run }: Awaited<ReturnType<typeof replay>>) => {
    void refresh();
    const open = run ? { label: "Open run", run: () => void navigate({ href: links.run(run) }) } : undefined;
    toast.done("Replay has begun", open);
  };
}

export function useReplay(id: string) {
  return useMutation({
    mutationFn: (body: Replay) => replay(id, body),
    onSuccess: useReplayed(),
    onError: () => void refresh(),
  });
}

/** Discards an entry, or restores it. */
export function useResolve(id: string) {
  const request = { path: { letter_id: id }, body: { reason: null } };
  const resolve = useMutation({
    mutationFn: (verb: "discard" | "restore") =>
      verb === "discard"
        ? api.post("/api/v1/dlq/{letter_id}/discard", request)
        : api.post("/api/v1/dlq/{letter_id}/restore", request),
    onSuccess: (_, verb) => {
      if (verb === "restore") toast.done("Restored: it waits again");
      else toast.done("Discarded", { label: "Undo", run: () => resolve.mutate("restore") });
    },
    onSettled: () => void refresh(),
  });
  return resolve;
}
