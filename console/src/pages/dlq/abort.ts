import { api } from "~/api/client";
import { confirm } from "~/components/confirm";
import { toast } from "~/components/toast";
import { plural } from "~/state/format";
import { refresh } from "./OperationDialog";
import type { Operation } from "./words";

/** Stops what has not started, after a question. */
export async function abort(operation: Operation): Promise<void> {
  const left = plural(operation.waiting, "entry", "entries");
  const yes = await confirm({
    title: "Abort this operation?",
    body: `${left} that have not started stay as they are. What has started goes on to its end; nothing is lost.`,
    confirm: "Abort",
    cancel: "Go on",
    danger: true,
  });
  if (!yes) return;
  try {
    await api.post("/api/v1/operations/{operation_id}/abort", { path: { operation_id: operation.id } });
    toast.done("Aborted");
  } catch (error) {
    toast.failed(error);
  }
  await refresh();
}
