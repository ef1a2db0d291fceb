import { Button, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconRotate, IconTrash, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "~/api/client";
import { count, plural } from "~/state/format";
import { useShortcuts } from "~/state/shortcuts";
import { filterOf, type View } from "./filters";
import { OperationDialog } from "./OperationDialog";
import { type Kind, useKinds } from "./words";

interface Props {
  view: View;
  selected: ReadonlySet<string>;
  onClear: () => void;
}

/** What may be done with the selected rows, or with everything that matches. */
export function BulkBar({ view, selected, onClear }: Props) {
  const [all, setAll] = useState(false);
  const [acting, setActing] = useState<Kind | null>(null);
  const filter = filterOf(view);
  const matching = useQuery({
    queryKey: ["dlq", "selection", view.status, filter],
    queryFn: () => api.get("/api/v1/dlq/selection", { query: { ...filter, status: view.status } }),
    enabled: selected.size > 0,
  }).data?.count;
  const kinds = useKinds(view.status);
  const start = (kind: Kind) => selected.size > 0 && kinds.includes(kind) && setActing(kind);
  useShortcuts([
    { keys: "r", label: "Replay the selected", group: "Dead letters", run: () => start("replay") },
    { keys: "d", label: "Discard the selected", group: "Dead letters", run: () => start("discard") },
  ]);
  if (selected.size === 0) return null;
  const clear = () => {
    setAll(false);
    onClear();
  };
  return (
    <Group gap={6} role="toolbar" aria-label="Selected entries">
      <Text fw={600} aria-live="polite">
        {all ? `All ${count(matching)} matching` : `${plural(selected.size, "entry", "entries")} selected`}
      </Text>
      {!all && matching !== undefined && matching > selected.size && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
          Select all {count(matching)} matching
        </Button>
      )}
      {kinds.map((kind) => (
        <Button
          key={kind}
          size="compact-sm"
          variant={kind === "replay" ? "filled" : "default"}
          leftSection={ICONS[kind]}
          onClick={() => setActing(kind)}
        >
          {LABELS[kind]}
        </Button>
      ))}
      <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconX size={14} />} onClick={clear}>
        Clear
      </Button>
      {acting && (
        <OperationDialog
          kind={acting}
          {...(all ? { filter } : { ids: [...selected] })}
          onClose={() => setActing(null)}
          onBegun={() => {
            setActing(null);
            clear();
          }}
        />
      )}
    </Group>
  );
}

const LABELS: Record<Kind, string> = { replay: "Replay…", discard: "Discard…", restore: "Restore…" };
const ICONS = {
  replay: <IconRotate size={14} />,
  discard: <IconTrash size={14} />,
  restore: <IconArrowBackUp size={14} />,
};
