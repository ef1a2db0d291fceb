import { Fieldset, type PaperProps, Paper as Plain, Skeleton, Stack, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ComponentProps, Fragment, type ReactNode, useEffect } from "react";
import type { Tagged } from "~/api/client";
import { refetch } from "~/api/query";
import { useLacking } from "~/api/session";
import { ActionButton } from "~/components/action";
import { type FormOptions, useApiForm } from "~/components/form/form";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { useShortcuts } from "~/state/shortcuts";
import { useHeld, useUnsaved } from "./unsaved";

/** What an editor is given of the object that it edits. */
export interface Held<T> {
  kind: string;
  /** Null for a new one. */
  name: string | null;
  stored: Tagged<T> | null;
  /** Asks for it as it is now, and goes on from that. */
  newest: () => Promise<Tagged<T>>;
  /** Keeps what is stored as it is while something is being typed. */
  hold: (on: boolean) => void;
}

interface LoadedProps<T> {
  /** Of the object; undefined for a new one. */
  name: string | undefined;
  /** First name of the query. */
  kind: string;
  fetch: (name: string) => Promise<Tagged<T>>;
  parent: { title: string; to: string };
  /** Milliseconds after which it is fetched again, and when its tab is looked at; 0: neither. */
  every?: number;
  children: (held: Held<T>) => ReactNode;
}

/** Loads the object that a page edits; a newer one is another editor. */
export function Loaded<T>({ name, kind, fetch, parent, every = 0, children }: LoadedProps<T>) {
  const query = useQuery({
    queryKey: [kind, name],
    queryFn: () => fetch(name as string),
    enabled: name !== undefined,
    placeholderData: undefined,
    refetchOnWindowFocus: every > 0,
    refetchInterval: every || false,
  });
  const { shown, first, hold, renew } = useHeld(query.data);
  if (query.error && !shown) {
    return (
      <>
        <PageHeader title={name ?? ""} parent={parent} />
        <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />
      </>
    );
  }
  if (name !== undefined && !shown) return <Skeleton height={400} />;
  const newest = async () => {
    const found = await fetch(name as string);
    renew(found);
    return found;
  };
  return (
    <Fragment key={first?.etag ?? "new"}>
      {children({ kind, name: name ?? null, stored: shown ?? null, newest, hold })}
    </Fragment>
  );
}

interface Saved {
  name: string;
  warnings?: readonly { path: string; message: string }[] | undefined;
}

interface Options<T, V, R extends Saved> extends Omit<FormOptions<V, R>, "onSent" | "initial" | "edited">, Held<T> {
  /** What is in the form of a stored object. */
  valuesOf: (stored: T) => V;
  /** What is in the form of a new one. */
  first: V;
  /** The field with secrets, which are not kept in the browser. */
  secrets?: keyof V & string;
  /** First names of the queries that show the object. */
  queries: readonly string[];
  /** The page of an object. */
  page: (name: string) => string;
  /** What is said of a save, if not that it is saved. */
  said?: (result: R) => string;
}

/** A page that edits one stored object: what is typed is kept, and what came newer from elsewhere waits meanwhile. */
export function useEditor<T, V extends object, R extends Saved>(options: Options<T, V, R>) {
  const { kind, name, stored, newest, hold, valuesOf, first, secrets, ...more } = options;
  const { queries, page, said = ({ name }) => `${name} is saved`, ...rest } = more;
  const navigate = useNavigate();
  const form = useApiForm<V, R>({
    ...rest,
    initial: stored ? valuesOf(stored.value) : first,
    edited: {
      kind,
      name,
      version: stored?.etag ?? null,
      newest: async () => {
        const { value, etag } = await newest();
        return { values: valuesOf(value), version: etag };
      },
      ...(secrets && { secrets }),
    },
    onSent: async (result) => {
      await refetch(...queries);
      hold(false);
      toast.done(said(result));
      toast.doubted(result.name, result.warnings ?? []);
      if (!stored) void navigate({ href: page(result.name), ignoreBlocker: true });
    },
  });
  useUnsaved(form.dirty && !form.draft.kept);
  useEffect(() => hold(form.dirty), [hold, form.dirty]);
  /** Whether there is something to save. */
  const changed = !stored || form.dirty;
  /** Saves, also by Ctrl or Cmd with S. */
  const save = () => {
    if (changed && !form.pending) form.send();
  };
  useShortcuts([{ keys: "mod+s", label: "Save", group: "Form", run: save }]);
  return { ...form, changed, save };
}

interface DeleteProps {
  name: string;
  /** What goes with it, and what stays. */
  body: string;
  /** Whether its name must be typed first. */
  typed?: boolean;
  run: () => Promise<unknown>;
  /** The list that it is gone from, and the list's query. */
  list: string;
  query: string;
}

/** Deletes the object that a page edits, and leaves the page. */
export function DeleteButton({ name, body, typed = false, run, list, query }: DeleteProps) {
  const navigate = useNavigate();
  const ask = { title: `Delete ${name}?`, body, confirm: "Delete", danger: true, ...(typed && { typed: name }) };
  return (
    <ActionButton
      ask={ask}
      run={run}
      done={`${name} is deleted`}
      onDone={() => navigate({ href: list, ignoreBlocker: true })}
      changes={[query]}
    >
      Delete…
    </ActionButton>
  );
}

/** The name of an object, given once. */
export function NameField({ isNew, ...field }: ComponentProps<typeof TextInput> & { isNew: boolean }) {
  return (
    <TextInput
      label="Name"
      description="Letters, digits, space, dot, dash; it never changes."
      withAsterisk
      readOnly={!isNew}
      variant={isNew ? "default" : "filled"}
      maw={420}
      {...field}
    />
  );
}

/** The fields of an editor; for those who may not change configuration, they can be read. */
export function Fields({ gap = "sm", children }: { gap?: string; children: ReactNode }) {
  return (
    <Fieldset variant="unstyled" disabled={Boolean(useLacking("configure"))}>
      <Stack gap={gap}>{children}</Stack>
    </Fieldset>
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
