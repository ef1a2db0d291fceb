import { Alert, Button, Group, type PaperProps, Paper as Plain, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import type { Problem } from "~/api/problem";
import { refetch } from "~/api/query";
import { ProblemAlert } from "~/components/ProblemAlert";
import { useShortcuts } from "~/state/shortcuts";
import { useUnsaved } from "./unsaved";
import { type ApiForm, type FormOptions, useApiForm } from "./useApiForm";

/** What an editor is given of the object that it edits. */
export interface Held {
  /** Keeps what is stored as it is while something is being typed. */
  hold: (on: boolean) => void;
}

interface Options<V, R> extends FormOptions<V, R>, Held {
  isNew: boolean;
  /** First names of the queries that show the object. */
  queries: readonly string[];
}

export interface Editor<V, R> extends ApiForm<V, R> {
  /** Whether there is something to save. */
  changed: boolean;
  /** Saves, also by Ctrl or Cmd with S. */
  save: () => void;
  reload: () => void;
}

/** A page that edits one stored object: leaving asks first, and what came newer from elsewhere waits meanwhile. */
export function useEditor<V extends object, R>({ isNew, queries, hold, onSent, ...options }: Options<V, R>) {
  const reload = async () => {
    await refetch(...queries);
    hold(false);
  };
  const form = useApiForm<V, R>({
    ...options,
    onSent: async (result) => {
      await reload();
      await onSent?.(result);
    },
  });
  useUnsaved(form.dirty);
  useEffect(() => hold(form.dirty), [hold, form.dirty]);
  const changed = isNew || form.dirty;
  const save = () => {
    if (changed && !form.pending) form.send();
  };
  useShortcuts([{ keys: "mod+s", label: "Save", group: "Form", run: save }]);
  return { ...form, changed, save, reload: () => void reload() } satisfies Editor<V, R>;
}

interface RefusalProps {
  editor: { problem: Problem | undefined; reload: () => void };
  /** When somebody else was faster. */
  title: string;
  children: ReactNode;
}

/** Why the object was not saved; where somebody else was faster, with the way to load it again. */
export function Refusal({ editor: { problem, reload }, title, children }: RefusalProps) {
  if (problem?.status !== 412) return <ProblemAlert error={problem} />;
  return (
    <Alert color="yellow" title={title}>
      <Group justify="space-between">
        {children}
        <Button size="compact-sm" variant="default" onClick={reload}>
          Load again
        </Button>
      </Group>
    </Alert>
  );
}

/** A part of an editor under its name; without a title only screen readers hear it. */
export function Panel({
  name,
  titled = false,
  ...rest
}: PaperProps & { name?: string; titled?: boolean; children: ReactNode }) {
  return (
    <Plain withBorder bg="var(--sl-surface)" p="md" component="section" aria-label={name} {...rest}>
      {titled && (
        <Title order={2} size={16} mb="sm">
          {name}
        </Title>
      )}
      {rest.children}
    </Plain>
  );
}
