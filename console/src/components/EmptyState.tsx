import { Button, CloseButton, Group, Pill, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconFilterOff, IconInbox } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ProblemAlert } from "./ProblemAlert";

interface NothingYet {
  kind: "nothing-yet";
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

interface NoMatch {
  kind: "no-match";
  /** "runs", "entries". */
  what: string;
  filters: Filter[];
  onClear: () => void;
}

interface Failed {
  kind: "failed";
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/** Three different things that an empty list may mean. */
export function EmptyState(props: NothingYet | NoMatch | Failed) {
  if (props.kind === "failed") return <ProblemAlert error={props.error} onRetry={props.onRetry} />;
  const none = props.kind === "nothing-yet";
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <ThemeIcon variant="light" color="gray" size={44} radius="xl">
        {none ? <IconInbox size={22} /> : <IconFilterOff size={22} />}
      </ThemeIcon>
      {none ? <First {...props} /> : <Filtered {...props} />}
    </Stack>
  );
}

function First({ title, children, action }: NothingYet) {
  return (
    <>
      <Text fw={600}>{title}</Text>
      {children && (
        <Text size="sm" c="dimmed" maw={460} component="div">
          {children}
        </Text>
      )}
      {action && <Group mt="xs">{action}</Group>}
    </>
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

function Filtered({ what, filters, onClear }: NoMatch) {
  return (
    <>
      <Text fw={600}>
        No {what} match {filters.length === 1 ? "this filter" : `these ${filters.length} filters`}
      </Text>
      <Group gap={6} justify="center">
        {filters.map((filter) => (
          <FilterPill key={filter.label} filter={filter} size="md" />
        ))}
      </Group>
      <Button size="compact-sm" variant="default" mt="xs" onClick={onClear}>
        Clear filters
      </Button>
    </>
  );
}

interface EmptyListProps extends Omit<NothingYet, "kind">, Pick<NoMatch, "what" | "onClear"> {
  filters: (Filter | false | "" | 0 | undefined)[];
}

/** Why a list is empty: nothing matches its filters, or nothing is there yet. */
export function EmptyList({ what, filters, onClear, ...none }: EmptyListProps) {
  const set = filters.filter((filter) => typeof filter === "object");
  return set.length > 0 ? (
    <EmptyState kind="no-match" what={what} filters={set} onClear={onClear} />
  ) : (
    <EmptyState kind="nothing-yet" {...none} />
  );
}
