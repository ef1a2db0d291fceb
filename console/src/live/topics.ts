import type { Message } from "./signals";

/** Which topics an event of `/api/v1/events` is about. */
export function topicsOf(message: Message): string[] | "all" {
  if (message.event === "snapshot" || message.event === "end") return "all";
  if (message.event !== "run") return [message.event];
  const id = /"correlationId":"([0-9a-f-]{36})"/.exec(message.data)?.[1];
  return id ? ["runs", `run:${id}`] : ["runs"];
}
