import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, serverNow } from "~/api/client";
import { asProblem } from "~/api/problem";
import { queryClient } from "~/api/query";
import type { RunStatus } from "~/live/useRuns";
import { bodyOf, type Fields, newCorrelationId } from "./fields";

interface Asked {
  fields: Fields;
  correlationId: string;
}

/** Asks for a run. `first` stands there at once, before anybody answered; it goes when the trigger is refused. */
export function useTrigger(onAccepted: (run: RunStatus, fields: Fields) => void, onRefused: (error: unknown) => void) {
  const [first, setFirst] = useState<RunStatus | null>(null);
  const mutation = useMutation({
    mutationFn: ({ fields, correlationId }: Asked) =>
      api.post("/api/v1/sync-events", { body: bodyOf(fields, correlationId) }),
    onMutate: ({ fields, correlationId }) => setFirst(asked(fields, correlationId)),
    onSuccess: (run, { fields }) => {
      setFirst(run);
      void queryClient.invalidateQueries({ queryKey: ["runs"] });
      onAccepted(run, fields);
    },
    onError: (error) => {
      setFirst(null);
      onRefused(error);
    },
  });
  const trigger = (fields: Fields) =>
    mutation.mutate({ fields, correlationId: repeated(mutation, fields) ?? newCorrelationId(serverNow()) });
  return { trigger, first, error: mutation.error, pending: mutation.isPending, reset: mutation.reset };
}

/** The same request after one without an answer keeps its name: if the first did arrive, it is the same run. */
function repeated(last: { variables: Asked | undefined; error: Error | null }, fields: Fields): string | null {
  if (!last.variables || !last.error || !asProblem(last.error).passing) return null;
  const same = JSON.stringify(last.variables.fields) === JSON.stringify(fields);
  return same ? last.variables.correlationId : null;
}

function asked(fields: Fields, correlationId: string): RunStatus {
  return {
    correlationId,
    tenant: "",
    instance: fields.instance,
    entityType: fields.entity,
    mode: fields.mode,
    trigger: "console",
    state: "queued",
    seq: -1,
    total: 0,
    success: 0,
    skipped: 0,
    failed: 0,
    inFlight: 0,
    positions: null,
    skipReasons: {},
    extracted: false,
    code: null,
    reason: null,
    problems: [],
    notices: [],
    waitingUntil: null,
    pausedBy: null,
    cancelRequestedBy: null,
    needsAttention: null,
    cursorBefore: null,
    cursorAfter: null,
    mappingVersion: null,
    startedAt: null,
    finishedAt: null,
    chain: null,
  };
}
