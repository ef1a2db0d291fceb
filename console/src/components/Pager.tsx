import { Button, type ButtonProps, Group, Text } from "@mantine/core";
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
  const goNewer = () => {
    if (newer !== undefined) setView({ cursor: newer });
  };
  useShortcuts([
    { keys: "]", label: "Next page", group: "List", run: goOlder },
    { keys: "[", label: "Previous page", group: "List", run: goNewer },
  ]);
  const step = (label: string, icon: ButtonProps, possible: boolean, run: () => void) => (
    <Button size="compact-sm" variant="default" disabled={!possible} onClick={run} {...icon}>
      {label}
    </Button>
  );
  return (
    <Group justify="space-between" mt="xs" gap="xs">
      <Text c="dimmed" component="div">
        {children}
      </Text>
      {(cursor !== "" || next) && (
        <Group gap={6} component="nav" aria-label="Pages">
          {step("First", { leftSection: <IconChevronsLeft size={14} /> }, cursor !== "", () => setView({ cursor: "" }))}
          {step("Previous", { leftSection: <IconChevronLeft size={14} /> }, newer !== undefined, goNewer)}
          {step("Next", { rightSection: <IconChevronRight size={14} /> }, Boolean(next), goOlder)}
        </Group>
      )}
    </Group>
  );
}
