import { Alert, Button, Group, Paper, Stack, Switch, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { links } from "~/app/links";
import { confirm } from "~/components/confirm";
import { PageHeader } from "~/components/PageHeader";
import { destination, PageLink } from "~/components/PageLink";
import { ProblemAlert } from "~/components/ProblemAlert";
import { mappingKind, profileKind } from "~/components/pick/choices";
import { Pick, PickMany } from "~/components/pick/Pick";
import { StatusBadge } from "~/components/StatusBadge";
import { toast } from "~/components/toast";
import { useUnsaved } from "~/components/unsaved";
import { useShortcuts } from "~/state/shortcuts";
import { EntityTypes } from "./EntityTypes";
import { useSwitch } from "./queries";

type Instance = Schema<"InstanceView">;
type Body = Schema<"InstanceBody">;

interface Props {
  stored: { value: Instance; etag: string | null } | null;
  /** Keeps `stored` as it is while something is being typed. */
  hold: (on: boolean) => void;
}

const PARENT = { title: "Instances", to: links.instances() };

/** One page: what it joins, whether it may run, and how far each entity type was read. */
export function InstanceEditor({ stored, hold }: Props) {
  const instance = stored?.value;
  const initial: Body = {
    name: instance?.name ?? "",
    source: instance?.source ?? "",
    target: instance?.target ?? "",
    mappings: instance?.mappings ?? [],
    enabled: instance?.enabled ?? true,
  };
  const [draft, setDraft] = useState(initial);
  const set = (change: Partial<Body>) => setDraft({ ...draft, ...change });
  const { save, remove, reload } = useWriting(stored, draft, hold);
  const changed = JSON.stringify(draft) !== JSON.stringify(initial);
  const dirty = !instance || changed;
  useUnsaved(changed);
  useEffect(() => hold(changed), [hold, changed]);
  const problem = save.error ? asProblem(save.error) : null;
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (dirty && !save.isPending) save.mutate();
  };
  useShortcuts([{ keys: "mod+s", label: "Save", group: "Form", run: () => submit() }]);
  const askToRemove = async () => {
    const yes = await confirm({
      title: `Delete ${draft.name}?`,
      body: "The history of its runs stays. Its cursors and what it has written are forgotten.",
      confirm: "Delete",
      danger: true,
      typed: draft.name,
    });
    if (yes) remove.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <PageHeader
        title={instance?.name ?? "New instance"}
        parent={PARENT}
        beside={instance && <StatusBadge of="instance" state={instance.status} reason={instance.cause} size="md" />}
        purpose={instance ? undefined : "Joins a source and a target with a mapping for each entity type."}
        actions={
          <>
            {instance && (
              <>
                <SwitchButton instance={instance} />
                <Button variant="default" loading={remove.isPending} onClick={() => void askToRemove()}>
                  Delete…
                </Button>
              </>
            )}
            <Button type="submit" disabled={!dirty} loading={save.isPending}>
              Save
            </Button>
          </>
        }
      />
      <Stack gap="md" maw={980}>
        {instance && instance.status === "dependency_inactive" && <Cause instance={instance} />}
        {problem?.status === 412 ? (
          <Alert color="yellow" title="Somebody else has changed this instance">
            <Group justify="space-between">
              Load it again to see what it is now.
              <Button size="compact-sm" variant="default" onClick={reload}>
                Load again
              </Button>
            </Group>
          </Alert>
        ) : (
          Boolean(save.error) && (
            <ProblemAlert error={save.error} shownElsewhere={["name", "source", "target", "mappings"]} />
          )
        )}
        {remove.error && <ProblemAlert error={remove.error} />}
        <Paper withBorder bg="var(--sl-surface)" p="md" component="section" aria-label="What it joins">
          <Stack gap="sm">
            <TextInput
              label="Name"
              description="Letters, digits, space, dot, dash; it never changes."
              withAsterisk
              value={draft.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              error={problem?.at("name")}
              readOnly={instance !== undefined}
              variant={instance ? "filled" : "default"}
              maw={420}
            />
            <Group align="flex-start" gap="sm">
              <Pick
                kind={profileKind}
                label="Source"
                description="Profile that is read"
                withAsterisk
                value={draft.source}
                onPick={(source) => set({ source })}
                error={problem?.at("source")}
                w={300}
              />
              <Pick
                kind={profileKind}
                label="Target"
                description="Profile that is written to"
                withAsterisk
                value={draft.target}
                onPick={(target) => set({ target })}
                error={problem?.at("target")}
                w={300}
              />
            </Group>
            <PickMany
              kind={mappingKind}
              label="Mappings"
              description="One for each entity type"
              value={draft.mappings ?? []}
              onPick={(mappings) => set({ mappings: [...mappings].sort() })}
              error={problem?.at("mappings")}
              maw={640}
            />
            {!instance && (
              <Switch
                label="Enabled: it may run"
                checked={draft.enabled ?? true}
                onChange={(event) => set({ enabled: event.currentTarget.checked })}
              />
            )}
          </Stack>
        </Paper>
        {instance && (
          <Paper withBorder bg="var(--sl-surface)" p="md" component="section" aria-label="Entity types">
            <Title order={2} size={16} mb="sm">
              Entity types
            </Title>
            <EntityTypes instance={instance} />
          </Paper>
        )}
      </Stack>
    </form>
  );
}

/** What keeps it from running, and the way to mend it. */
function Cause({ instance }: { instance: Instance }) {
  return (
    <Alert color="yellow" title="It cannot run">
      {instance.cause}. Look at <PageLink to={links.profile(instance.source)}>{instance.source}</PageLink>
      {instance.target !== instance.source && (
        <>
          {" "}
          and <PageLink to={links.profile(instance.target)}>{instance.target}</PageLink>
        </>
      )}
      .
    </Alert>
  );
}

function SwitchButton({ instance }: { instance: Instance }) {
  const change = useSwitch(instance.name);
  return (
    <Button variant="default" loading={change.isPending} onClick={() => change.mutate(!instance.enabled)}>
      {instance.enabled ? "Deactivate" : "Activate"}
    </Button>
  );
}

function useWriting(stored: Props["stored"], draft: Body, hold: Props["hold"]) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const params = { path: { name: stored?.value.name ?? "" }, header: { "if-match": stored?.etag ?? null } };
  const changed = async () => {
    await client.invalidateQueries({ queryKey: ["instances"] });
    await client.invalidateQueries({ queryKey: ["instance", params.path.name] });
    hold(false);
  };
  const save = useMutation({
    mutationFn: () =>
      stored
        ? api.put("/api/v1/instances/{name}", { ...params, body: draft })
        : api.post("/api/v1/instances", { body: { ...draft, name: draft.name.trim() } }),
    onSuccess: async (instance) => {
      toast.done(`${instance.name} is saved`);
      toast.doubted(instance.name, instance.warnings);
      await changed();
      if (!stored) void navigate({ ...destination(links.instance(instance.name)), ignoreBlocker: true });
    },
  });
  const remove = useMutation({
    mutationFn: () => api.delete("/api/v1/instances/{name}", params),
    onSuccess: async () => {
      toast.done(`${params.path.name} is deleted`);
      await client.invalidateQueries({ queryKey: ["instances"] });
      void navigate({ ...destination(links.instances()), ignoreBlocker: true });
    },
  });
  return { save, remove, reload: () => void changed() };
}
