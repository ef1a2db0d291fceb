import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { StatusBadge } from "~/components/values";
import { count, plural } from "~/state/format";
import { wrapped } from "./check";

/** What making a version active does: what is always so, and what it changes for the newest stored records. */
export function ActivationQuestion({ name, version }: { name: string; version: number }) {
  const trial = useQuery({
    queryKey: ["mapping-trial", name, version],
    queryFn: async () => {
      const { text } = await api.get("/api/v1/mapping-configs/{name}/versions/{version}", { path: { name, version } });
      return api.post("/api/v1/mapping-configs/{name}/try-draft", {
        path: { name },
        body: wrapped(text, { limit: 100 }),
      });
    },
    placeholderData: undefined,
    gcTime: 0,
    retry: false,
  });
  return (
    <Stack gap="xs">
      <Text>New runs use it at once. Runs under way keep the version they began with. No version is lost.</Text>
      <div aria-live="polite">
        {trial.isPending && <Text c="dimmed">Trying it on the newest stored records…</Text>}
        {trial.error && <Text c="dimmed">It was not tried on stored records: {asProblem(trial.error).message}</Text>}
        {trial.data && <Counts found={trial.data} />}
      </div>
    </Stack>
  );
}

/** What a draft changes, by kind. */
export const CHANGES = ["changed", "newly_failed", "repaired", "newly_excluded", "newly_included", "same"];

function Counts({ found }: { found: Schema<"Trial"> }) {
  if (found.compared === 0) return <Text c="dimmed">No raw record of this mapping is stored to try it on.</Text>;
  return (
    <Stack gap={4}>
      <Text>
        Tried on the newest {plural(found.compared, "stored record")}, against the version that is active now:
      </Text>
      <Group gap="sm">
        {CHANGES.filter((kind) => found.counts[kind]).map((kind) => (
          <Group key={kind} gap={6}>
            <b>{count(found.counts[kind])}</b>
            <StatusBadge of="trial" state={kind} />
          </Group>
        ))}
      </Group>
      {found.lettersTried > 0 && (
        <Text>
          {found.lettersRepaired} of {plural(found.lettersTried, "pending dead letter")} would pass.
        </Text>
      )}
    </Stack>
  );
}
