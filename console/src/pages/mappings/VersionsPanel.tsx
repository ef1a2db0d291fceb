import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { ActionButton } from "~/components/action";
import type { Column } from "~/components/column";
import { DiffView } from "~/components/DiffView";
import { May } from "~/components/May";
import { Older, useOlder } from "~/components/Older";
import { PlainTable } from "~/components/PlainTable";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge, Time } from "~/components/values";
import { ActivationQuestion } from "./ActivationQuestion";

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
  const list = useOlder(["mapping-versions", name], (cursor, signal) =>
    api.get("/api/v1/mapping-configs/{name}/versions", {
      path: { name },
      query: { limit: 50, cursor },
      signal,
    }),
  );
  if (list.error) return <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <Stack gap="md">
      <PlainTable
        name="Versions"
        verticalSpacing={4}
        fz="sm"
        rows={list.data?.pages.flatMap((page) => page.items) ?? []}
        rowId={(one) => one.version}
        columns={[
          ...COLUMNS,
          {
            id: "actions",
            header: "Actions",
            cell: (one) => (
              <Actions
                name={name}
                etag={etag}
                version={one}
                open={shown === one.version}
                onShow={() => setShown(shown === one.version ? null : one.version)}
              />
            ),
          },
        ]}
      />
      <Older list={list} what="versions" />
      {shown !== null && <Difference name={name} version={shown} text={text} onEdit={onEdit} />}
    </Stack>
  );
}

const COLUMNS: Column<Version>[] = [
  {
    id: "version",
    header: "Version",
    cell: (version) => (
      <Group gap="xs">
        v{version.version}
        {version.active && <StatusBadge of="instance" state="active" />}
      </Group>
    ),
  },
  { id: "saved", header: "Saved", cell: (version) => <Time at={version.createdAt} /> },
  { id: "by", header: "By", cell: (version) => version.actor },
];

interface ActionsProps extends Pick<Props, "name" | "etag"> {
  version: Version;
  open: boolean;
  onShow: () => void;
}

function Actions({ name, etag, version: { version, active }, open, onShow }: ActionsProps) {
  const label = open ? "Hide difference" : "Difference";
  return (
    <Group gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        aria-expanded={open}
        aria-label={`${label} of v${version}`}
        onClick={onShow}
      >
        {label}
      </Button>
      {!active && (
        <May permission="configure">
          <ActionButton
            size="compact-sm"
            aria-label={`Make active… v${version}`}
            ask={{
              title: `Make v${version} active?`,
              body: <ActivationQuestion name={name} version={version} />,
              confirm: "Make active",
            }}
            run={() =>
              api.post("/api/v1/mapping-configs/{name}/versions/{version}/activate", {
                path: { name, version },
                header: { "if-match": etag },
              })
            }
            done={`v${version} is active`}
            changes={["mapping-config", "mapping-configs", "mapping-versions"]}
          >
            Make active…
          </ActionButton>
        </May>
      )}
    </Group>
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
      <May permission="configure">
        <Group>
          <Button size="compact-sm" variant="default" onClick={() => onEdit(old)}>
            Put v{version} into the editor
          </Button>
          <Text c="dimmed">Nothing is saved by that.</Text>
        </Group>
      </May>
    </Stack>
  );
}
