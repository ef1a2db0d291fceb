import { Button, CloseButton, Group, Pill, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconFilterOff, IconInbox } from "@tabler/icons-react";
import type { ReactNode } from "react";

/** That a list has nothing yet, and what to do about it. */
export interface Nothing {
  title: string;
  children?: ReactNode;
  /** The one thing to do next: a button or link. */
  action?: ReactNode;
}

/** A filter in words, with what removes it. */
export interface Filter {
  label: string;
  remove: () => void;
}

function Empty({ icon: Icon, title, children }: { icon: typeof IconInbox; title: ReactNode; children: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <ThemeIcon variant="light" color="gray" size={44} radius="xl">
        <Icon size={22} />
      </ThemeIcon>
      <Text fw={600} size="md">
        {title}
      </Text>
      {children}
    </Stack>
  );
}

/** Where nothing is yet. */
export function EmptyState({ title, children, action }: Nothing) {
  return (
    <Empty icon={IconInbox} title={title}>
      {children && (
        <Text c="dimmed" maw={460} component="div">
          {children}
        </Text>
      )}
      {action && <Group mt="xs">{action}</Group>}
    </Empty>
  );
}

interface NoMatchProps {
  /** "runs", "entries". */
  what: string;
  filters: Filter[];
  onClear: () => void;
}

/** Where nothing matches the filters. */
export function NoMatch({ what, filters, onClear }: NoMatchProps) {
  const these = filters.length === 1 ? "this filter" : `these ${filters.length} filters`;
  return (
    <Empty icon={IconFilterOff} title={`No ${what} match ${these}`}>
      <Group gap={6} justify="center">
        {filters.map((filter) => (
          <FilterPill key={filter.label} filter={filter} size="md" />
        ))}
      </Group>
      <Button size="compact-sm" variant="default" mt="xs" onClick={onClear}>
        Clear filters
      </Button>
    </Empty>
  );
}

/** A filter that can be taken away. */
export function FilterPill({ filter: { label, remove }, size }: { filter: Filter; size: "sm" | "md" }) {
  return (
    <Pill size={size}>
      <Group gap={2} wrap="nowrap">
        {label}
        <CloseButton size={18} onClick={remove} aria-label={`Remove filter ${label}`} />
      </Group>
    </Pill>
  );
}
