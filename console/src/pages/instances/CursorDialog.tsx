import { Button, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { links } from "~/app/links";
import { CopyId } from "~/components/CopyId";
import { Older, useOlder } from "~/components/Older";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Time } from "~/components/Time";
import { toast } from "~/components/toast";

interface Props {
  instance: string;
  entityType: string;
}

type Move = { to: "nothing" } | { to: "value"; value: string } | { to: "version"; version: number };

/** How far an entity type was read: every version, and setting it by hand. Each change says why. */
export function CursorDialog({ instance, entityType }: Props) {
  const [value, setValue] = useState("");
  const [reason, setReason] = useState("");
  const versions = useOlder(["cursor-versions", instance, entityType], (cursor, signal) =>
    api.get("/api/v1/cursors/{instance}/{entityType}/versions", {
      path: { instance, entityType },
      query: { limit: 50, ...(cursor && { cursor }) },
      signal,
    }),
  );
  const items = versions.data?.pages.flatMap((page) => page.items) ?? [];
  const newest = items[0]?.version ?? 0;
  const move = useMove({ instance, entityType }, newest, reason, () => {
    setValue("");
    setReason("");
  });
  const problem = move.error ? asProblem(move.error) : null;
  const said = reason.trim() !== "";
  return (
    <Stack gap="md">
      <TextInput
        label="Reason"
        description="Kept with the version and in the audit log"
        withAsterisk
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={problem?.at("reason")}
        data-autofocus
      />
      <Group align="flex-end" gap="sm">
        <TextInput
          label="Rewind to a value"
          description="As the source gives it; reading begins there"
          placeholder="2026-01-31T08:15:00"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          error={problem?.at("value")}
          w={300}
        />
        <Button
          variant="default"
          disabled={!said || value === ""}
          loading={move.isPending}
          onClick={() => move.mutate({ to: "value", value })}
        >
          Rewind
        </Button>
        <Button
          color="red"
          variant="light"
          disabled={!said}
          loading={move.isPending}
          onClick={() => move.mutate({ to: "nothing" })}
        >
          Reset
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        After a reset the next run reads everything. Unchanged records are skipped, so nothing is sent needlessly.
      </Text>
      {problem && problem.errors.length === 0 && <ProblemAlert error={move.error} />}
      {versions.error && <ProblemAlert error={versions.error} onRetry={() => void versions.refetch()} />}
      {versions.data && items.length === 0 && <Text size="sm">The cursor was never set: nothing was read yet.</Text>}
      {items.length > 0 && (
        <Table verticalSpacing={4} fz="sm" aria-label="Versions of the cursor">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Version</Table.Th>
              <Table.Th scope="col">Value</Table.Th>
              <Table.Th scope="col">Since</Table.Th>
              <Table.Th scope="col">By, and why</Table.Th>
              <Table.Th scope="col">Actions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((one) => (
              <VersionRow
                key={one.version}
                cursor={one}
                newest={one.version === newest}
                disabled={!said || move.isPending}
                onBack={() => move.mutate({ to: "version", version: one.version })}
              />
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Older list={versions} what="versions" />
    </Stack>
  );
}

interface RowProps {
  cursor: Schema<"CursorView">;
  newest: boolean;
  disabled: boolean;
  onBack: () => void;
}

function VersionRow({ cursor, newest, disabled, onBack }: RowProps) {
  return (
    <Table.Tr>
      <Table.Td>{cursor.version}</Table.Td>
      <Table.Td>{cursor.value === null ? "cleared" : <code>{cursor.value}</code>}</Table.Td>
      <Table.Td>
        <Time at={cursor.at} />
      </Table.Td>
      <Table.Td>
        {cursor.actor}: {cursor.reason}{" "}
        {cursor.correlationId && (
          <CopyId value={cursor.correlationId} what="correlation ID" to={links.run(cursor.correlationId)} />
        )}
      </Table.Td>
      <Table.Td>
        {!newest && (
          <Button
            size="compact-sm"
            variant="default"
            disabled={disabled}
            aria-label={`Roll back to version ${cursor.version}`}
            onClick={onBack}
          >
            Roll back
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function useMove(path: Props, newest: number, reason: string, onDone: () => void) {
  const client = useQueryClient();
  // What was seen is what is changed: a run that moved the cursor meanwhile wins.
  const params = { path, header: { "if-match": `"${newest}"` } };
  return useMutation({
    mutationFn: (move: Move) => {
      if (move.to === "nothing") {
        return api.post("/api/v1/cursors/{instance}/{entityType}/reset", { ...params, body: { reason } });
      }
      const body = move.to === "value" ? { value: move.value, reason } : { version: move.version, reason };
      return api.post("/api/v1/cursors/{instance}/{entityType}/rewind", { ...params, body });
    },
    onSuccess: async (cursor) => {
      toast.done(cursor.value === null ? "The cursor is cleared" : `The cursor stands at ${cursor.value}`);
      onDone();
      await client.invalidateQueries({ queryKey: ["cursor-versions", path.instance, path.entityType] });
      await client.invalidateQueries({ queryKey: ["instance", path.instance] });
      await client.invalidateQueries({ queryKey: ["instances"] });
    },
    onError: () => client.invalidateQueries({ queryKey: ["cursor-versions", path.instance, path.entityType] }),
  });
}
