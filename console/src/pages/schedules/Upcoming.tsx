import { Group, Loader, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconClockExclamation } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { zoneChoice, zoneName } from "~/state/zone";
import classes from "./schedules.module.css";
import { type Draft, local, timingOf } from "./words";

type Preview = Schema<"Preview">;

/** What a form would do, asked of the server while a person types. */
export function usePreview(draft: Draft) {
  const [body] = useDebouncedValue(JSON.stringify({ ...timingOf(draft), timezone: draft.timezone }), 200);
  const query = useQuery({
    queryKey: ["schedules", "preview", body],
    queryFn: () => api.post("/api/v1/schedules/preview", { body: JSON.parse(body) }),
    retry: false,
    refetchInterval: 60_000,
  });
  return { preview: query.error ? undefined : query.data, error: query.error, busy: query.isFetching };
}

interface Props {
  preview: Preview | undefined;
  error?: unknown;
  busy?: boolean;
}

/** The next firings by the schedule's clock and by the viewer's, and what clock changes do to them. */
export function Upcoming({ preview, error, busy = false }: Props) {
  return (
    <section className={classes.preview} aria-label="Preview" aria-busy={busy}>
      {preview && <Next preview={preview} />}
      {!preview && !error && <Loader size="sm" aria-label="Loading" />}
      {Boolean(error) &&
        (asProblem(error).errors.length ? (
          <Text c="dimmed">Nothing to show until the times are right.</Text>
        ) : (
          <ProblemAlert error={error} />
        ))}
    </section>
  );
}

function Next({ preview }: { preview: Preview }) {
  const own = zoneName(zoneChoice.use());
  // Two zones with the same clock need one column.
  const both = preview.next.some(({ at }) => local(at, own) !== local(at, preview.timezone));
  const zones = both ? [preview.timezone, own] : [preview.timezone];
  const columns = zones.map((zone) => ({
    id: zone,
    header: zone === preview.timezone ? zone : `Your time (${zone})`,
    cell: (moment: { at: string }) => local(moment.at, zone),
  }));
  return (
    <Stack gap="xs">
      <Group gap="xs" justify="space-between">
        <Text fw={600} aria-live="polite">
          {preview.sentence}
        </Text>
        <code>{preview.cron}</code>
      </Group>
      <PlainTable
        name="Next runs"
        captionSide="top"
        caption={`Next ${preview.next.length} runs`}
        fz={13}
        tabularNums
        verticalSpacing={3}
        columns={columns}
        rows={preview.next}
        rowId={(moment) => moment.at}
      />
      {preview.notes.map((note) => (
        <Group key={note} className={classes.note} gap="xs" wrap="nowrap" align="flex-start">
          <IconClockExclamation size={16} aria-hidden />
          <Text size="xs">{note}</Text>
        </Group>
      ))}
    </Stack>
  );
}
