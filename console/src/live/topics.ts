import type { Frame } from "./parser";

/** Which topics an event of `/api/v1/events` is about. */
export function topicsOf(frame: Extract<Frame, { kind: "message" }>): string[] | "all" {
  if (frame.event === "snapshot" || frame.event === "end") return "all";
  if (frame.event !== "run") return [frame.event];
  const id = /"correlationId":"([0-9a-f-]{36})"/.exec(frame.data)?.[1];
  return id ? ["runs", `run:${id}`] : ["runs"];
}
