import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { confirm } from "~/components/confirm";
import { toast } from "~/components/toast";
import { plural } from "~/state/format";
import type { Operation } from "./words";

/** Lists and counts are asked for again: something was done to entries. */
export function refresh(): Promise<void> {
  return refetch("dlq", "dlq-summary", "dlq-entry", "operations");
}

async function done(call: () => Promise<string>): Promise<void> {
  try {
    toast.done(await call());
  } catch (error) {
    toast.failed(error);
  }
  await refresh();
}

/** Takes an operation back: a replay that has not begun, or what a discard discarded. */
export function undo({ id }: Operation): Promise<void> {
  return done(async () => {
    const undone = await api.post("/api/v1/operations/{operation_id}/undo", { path: { operation_id: id } });
    const restores = undone.kind === "restore";
    return restores ? `Restoring ${plural(undone.total, "entry", "entries")}` : "Undone: nothing was replayed";
  });
}

/** Stops what has not started, after a question. */
export async function abort({ id, waiting }: Operation): Promise<void> {
  const left = plural(waiting, "entry", "entries");
  const yes = await confirm({
    title: "Abort this operation?",
    body: `${left} that have not started stay as they are. What has started goes on to its end; nothing is lost.`,
    confirm: "Abort",
    cancel: "Go on",
    danger: true,
  });
  if (!yes) return;
  await done(async () => {
    await api.post("/api/v1/operations/{operation_id}/abort", { path: { operation_id: id } });
    return "Aborted";
  });
}
