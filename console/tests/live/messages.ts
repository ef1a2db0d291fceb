import type { Message } from "~/live/signals";
import type { RunStatus } from "~/live/useRuns";

export const ID = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d";

export const run = (seq: number, total = 0, correlationId = ID) => ({ correlationId, seq, total }) as RunStatus;

export const message = (event: string, data: unknown, id = ""): Message => ({
  kind: "message",
  event,
  data: JSON.stringify(data),
  id,
});
