import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { api, type Schema } from "~/api/client";
import { refetch } from "~/api/query";
import type { Column } from "~/components/column";
import { confirm } from "~/components/confirm";
import { useApiForm } from "~/components/form/form";
import { May } from "~/components/May";
import { Older, useOlder } from "~/components/Older";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { SourceCount } from "~/components/SourceCount";
import { toast } from "~/components/toast";
import { RunId, Time } from "~/components/values";

interface Props {
  instance: string;
  entityType: string;
}

type Move = "reset" | "rewind" | { version: number };

/** How far an entity type was read: every version, and setting it by hand. Each change says why. */
export function CursorDialog({ instance, entityType }: Props) {
  const path = { instance, entityType };
  const versions = useOlder(["cursor-versions", instance, entityType], (cursor, signal) =>
    api.get("/api/v1/cursors/{instance}/{entityType}/versions", { path, query: { limit: 50, cursor }, signal }),
  );
  const items = versions.data?.pages.flatMap((page) => page.items) ?? [];
  const newest = items[0]?.version ?? 0;
  const form = useApiForm({
    initial: { reason: "", value: "" },
    send: ({ reason, value }, move: Move) => {
      // What was seen is what is changed: a run that moved the cursor meanwhile wins.
      const request = { path, header: { "if-match": `"${newest}"` } };
      return move === "reset"
        ? api.post("/api/v1/cursors/{instance}/{entityType}/reset", { ...request, body: { reason } })
        : api.post("/api/v1/cursors/{instance}/{entityType}/rewind", {
            ...request,
            body: move === "rewind" ? { value, reason } : { ...move, reason },
          });
    },
    onSent: (cursor) => {
      toast.done(cursor.value === null ? "The cursor is cleared" : `The cursor stands at ${cursor.value}`);
      form.reset();
      return refetch("cursor-versions", "instance", "instances", "audit-log");
    },
    onError: () => refetch("cursor-versions"),
  });
  const said = form.values.reason.trim() !== "";
  return (
    <Stack gap="md">
      <May permission="configure" to="move cursors">
        <TextInput
          label="Reason"
          description="Kept with the version and in the audit log"
          withAsterisk
          data-autofocus
          {...form.field("reason")}
        />
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Rewind to a value"
            description="As the source gives it; reading begins there"
            placeholder="2026-01-31T08:15:00"
            w={300}
            {...form.field("value")}
          />
          <Button
            variant="default"
            disabled={!said || form.values.value === ""}
            loading={form.pending}
            onClick={() => form.send("rewind")}
          >
            Rewind
          </Button>
          <Button
            color="red"
            variant="light"
            disabled={!said}
            loading={form.pending}
            onClick={() => void confirm(resetQuestion(instance, entityType)).then((yes) => yes && form.send("reset"))}
          >
            Reset
          </Button>
        </Group>
        <Text c="dimmed">
          After a reset the next run reads everything. Unchanged records are skipped, so nothing is sent needlessly.
        </Text>
      </May>
      <ProblemAlert error={form.problem} />
      {versions.error && <ProblemAlert error={versions.error} onRetry={() => void versions.refetch()} />}
      {versions.data && items.length === 0 && <Text>The cursor was never set: nothing was read yet.</Text>}
      {items.length > 0 && (
        <PlainTable
          name="Versions of the cursor"
          verticalSpacing={4}
          fz="sm"
          rows={items}
          rowId={(one) => one.version}
          columns={[
            ...CURSOR_COLUMNS,
            {
              id: "actions",
              header: "Actions",
              cell: ({ version }) =>
                version !== newest && (
                  <May permission="configure">
                    <Button
                      size="compact-sm"
                      variant="default"
                      disabled={!said || form.pending}
                      aria-label={`Roll back to version ${version}`}
                      onClick={() => form.send({ version })}
                    >
                      Roll back
                    </Button>
                  </May>
                ),
            },
          ]}
        />
      )}
      <Older list={versions} what="versions" />
    </Stack>
  );
}

const resetQuestion = (instance: string, entityType: string) => ({
  title: `Reset the cursor of ${instance} / ${entityType}?`,
  body: (
    <>
      The next run reads everything from the beginning. Unchanged records are skipped.
      <SourceCount instance={instance} entityType={entityType} />
    </>
  ),
  confirm: "Reset",
});

/** What a version of a cursor is, and who or which run made it. */
export const CURSOR_COLUMNS: Column<Schema<"CursorView">>[] = [
  { id: "version", header: "Version", cell: (cursor) => cursor.version },
  {
    id: "value",
    header: "Value",
    cell: (cursor) => (cursor.value === null ? "cleared" : <code>{cursor.value}</code>),
  },
  { id: "since", header: "Since", cell: (cursor) => <Time at={cursor.at} /> },
  {
    id: "why",
    header: "By, and why",
    cell: ({ actor, reason, correlationId }) => (
      <>
        {actor}: {reason} {correlationId && <RunId id={correlationId} />}
      </>
    ),
  },
];
