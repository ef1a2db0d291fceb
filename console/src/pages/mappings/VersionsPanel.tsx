import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { confirm } from "~/components/confirm";
import { DiffView } from "~/components/DiffView";
import { Older, useOlder } from "~/components/Older";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge } from "~/components/StatusBadge";
import { Time } from "~/components/Time";
import { toast } from "~/components/toast";

type Version = Schema<"MappingVersionView">;

interface Props {
  name: string;
  etag: string | null;
  text: string;
  onEdit: (text: string) => void;
}

/** Every version that was saved: its difference to the text above, and making it active again. */
export function VersionsPanel({ name, etag, text, onEdit }: Props) {
  const [shown, setShown] = useState<number | null>(null);
  const client = useQueryClient();
  const list = useOlder(["mapping-versions", name], (cursor, signal) =>
    api.get("/api/v1/mapping-configs/{name}/versions", {
      path: { name },
      query: { limit: 50, ...(cursor && { cursor }) },
      signal,
    }),
  );
  const activate = useMutation({
    mutationFn: (version: number) =>
      api.post("/api/v1/mapping-configs/{name}/versions/{version}/activate", {
        path: { name, version },
        header: { "if-match": etag },
      }),
    onSuccess: async (detail) => {
      toast.done(`v${detail.mapping.activeVersion} is active`);
      await client.invalidateQueries({ queryKey: ["mapping-config", name] });
      await client.invalidateQueries({ queryKey: ["mapping-configs"] });
      await client.invalidateQueries({ queryKey: ["mapping-versions", name] });
    },
  });
  const ask = async (version: number) => {
    const yes = await confirm({
      title: `Make v${version} active?`,
      body: "New runs use it at once. Runs under way keep the version they began with. No version is lost.",
      confirm: "Make active",
    });
    if (yes) activate.mutate(version);
  };
  if (list.error) return <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <Stack gap="md">
      {activate.error && <ProblemAlert error={activate.error} />}
      <Table verticalSpacing={4} fz="sm" aria-label="Versions">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Version</Table.Th>
            <Table.Th scope="col">Saved</Table.Th>
            <Table.Th scope="col">By</Table.Th>
            <Table.Th scope="col">Actions</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(list.data?.pages ?? []).flatMap((page) =>
            page.items.map((one) => (
              <Row
                key={one.version}
                version={one}
                open={shown === one.version}
                onShow={() => setShown(shown === one.version ? null : one.version)}
                onActivate={() => void ask(one.version)}
              />
            )),
          )}
        </Table.Tbody>
      </Table>
      <Older list={list} what="versions" />
      {shown !== null && <Difference name={name} version={shown} text={text} onEdit={onEdit} />}
    </Stack>
  );
}

interface RowProps {
  version: Version;
  open: boolean;
  onShow: () => void;
  onActivate: () => void;
}

function Row({ version, open, onShow, onActivate }: RowProps) {
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          v{version.version}
          {version.active && <StatusBadge of="instance" state="active" />}
        </Group>
      </Table.Td>
      <Table.Td>
        <Time at={version.createdAt} />
      </Table.Td>
      <Table.Td>{version.actor}</Table.Td>
      <Table.Td>
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            aria-expanded={open}
            aria-label={`${open ? "Hide difference" : "Difference"} of v${version.version}`}
            onClick={onShow}
          >
            {open ? "Hide difference" : "Difference"}
          </Button>
          {!version.active && (
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Make active… v${version.version}`}
              onClick={onActivate}
            >
              Make active…
            </Button>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function Difference({
  name,
  version,
  text,
  onEdit,
}: { name: string; version: number } & Pick<Props, "text" | "onEdit">) {
  const query = useQuery({
    queryKey: ["mapping-version", name, version],
    queryFn: () => api.get("/api/v1/mapping-configs/{name}/versions/{version}", { path: { name, version } }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return null;
  const { text: old } = query.data;
  return (
    <Stack gap="xs">
      <DiffView before={old} after={text} beforeLabel={`v${version}`} afterLabel="The text above" />
      <Group>
        <Button size="compact-sm" variant="default" onClick={() => onEdit(old)}>
          Put v{version} into the editor
        </Button>
        <Text size="sm" c="dimmed">
          Nothing is saved by that.
        </Text>
      </Group>
    </Stack>
  );
}
