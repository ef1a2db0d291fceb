import { Group, Stack } from "@mantine/core";
import type { Schema } from "~/api/client";
import { LiveRunState } from "~/components/run/RunState";
import { RunId } from "~/components/values";

/** The runs of the instance's order: which one this is, what came before, and what follows. */
export function Chain({ report: { run, chain } }: { report: Schema<"RunReport"> }) {
  const own = chain.findIndex((one) => one.correlationId === run.correlationId);
  return (
    <section className="panel" aria-label="Chain">
      <h2>
        {own + 1} of {chain.length} in order
      </h2>
      <Stack gap={4}>
        {chain.map((one) => (
          <Group key={one.entityType} gap="xs">
            <span style={{ minWidth: 120, fontWeight: one === chain[own] ? 600 : undefined }}>{one.entityType}</span>
            {one.state && <LiveRunState correlationId={one.correlationId} state={one.state} />}
            {one.correlationId && <RunId id={one.correlationId} />}
            {!one.correlationId && <span className="dim">{one.reason ?? "follows"}</span>}
          </Group>
        ))}
      </Stack>
    </section>
  );
}
