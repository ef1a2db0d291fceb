import { Button, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconChevronsLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useShortcuts } from "~/state/shortcuts";
import { useUrlState } from "~/state/url";

/** Cursors lead forward only: where each came from is remembered while the page is open. */
const previous = new Map<string, string>();

interface Props {
  next: string | null;
  /** At the left: "25 runs". */
  children?: ReactNode;
}

/** Pages of a list by cursor, in the address: `?cursor=`. */
export function Pager({ next, children }: Props) {
  const [{ cursor }, setView] = useUrlState("__root__");
  const newer = cursor === "" ? undefined : previous.get(cursor);
  const goOlder = () => {
    if (!next) return;
    previous.set(next, cursor);
    setView({ cursor: next });
  };
  const goNewer = () => newer !== undefined && setView({ cursor: newer });
  useShortcuts([
    { keys: "]", label: "Next page", group: "List", run: goOlder },
    { keys: "[", label: "Previous page", group: "List", run: goNewer },
  ]);
  return (
    <Group justify="space-between" mt="xs" gap="xs">
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
      {(cursor !== "" || next) && (
        <Group gap={6} component="nav" aria-label="Pages">
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconChevronsLeft size={14} />}
            disabled={cursor === ""}
            onClick={() => setView({ cursor: "" })}
          >
            First
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconChevronLeft size={14} />}
            disabled={newer === undefined}
            onClick={goNewer}
          >
            Previous
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            rightSection={<IconChevronRight size={14} />}
            disabled={!next}
            onClick={goOlder}
          >
            Next
          </Button>
        </Group>
      )}
    </Group>
  );
}
