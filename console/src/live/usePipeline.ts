import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { useNow } from "~/state/clock";
import { useLive } from "./useLive";

export type PipelineHealth = Schema<"PipelineHealth">;
export type ServiceHealth = Schema<"ServiceStatus">;
export type PipelineHistory = Schema<"PipelineHistory">;
type Figures = Pick<PipelineHealth, "asOf" | "heardAt" | "silent" | "services">;

/** Figures older than this are shown as old. */
const OLD_MS = 10_000;

/** How every service stands, live, with the runs beside it. `old`: the figures are not of now. */
export function usePipeline() {
  const query = useQuery({
    queryKey: ["pipeline", "health"],
    queryFn: () => api.get("/api/v1/pipeline/health"),
    refetchInterval: 10_000,
  });
  const live = useLive<Figures>("pipeline", figuresIn);
  const now = useNow();
  const figures = newer(query.data, live.data);
  const age = figures?.heardAt ? Math.max(0, now - Date.parse(figures.heardAt)) : null;
  const old = figures !== undefined && (figures.silent || age === null || age > OLD_MS);
  return { query, figures, age, old, runs: query.data };
}

export function useHistory(minutes: number) {
  return useQuery({
    queryKey: ["pipeline", "history", minutes],
    queryFn: () => api.get("/api/v1/pipeline/history", { query: { minutes } }),
    refetchInterval: 10_000,
  });
}

/** The stream's snapshot is about runs; only its own events are about the pipeline. */
export function figuresIn(known: Figures | undefined, message: unknown, event: string): Figures | undefined {
  return event === "pipeline" ? (message as Figures) : known;
}

/** Two sources may say it: whichever is of later. */
export function newer(one: Figures | undefined, other: Figures | undefined): Figures | undefined {
  if (!one || !other) return one ?? other;
  return Date.parse(other.asOf) >= Date.parse(one.asOf) ? other : one;
}

/** The word for a service's state; `why` stands beside it. */
export function stateOf(service: ServiceHealth): string {
  if (service.waiting === null) return service.workers.length ? "up" : "down";
  if (!service.workers.length) return service.waiting ? "no_consumer" : "nobody";
  return service.dot;
}
