import { Alert, Button, Group, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { links } from "~/app/links";
import { confirm } from "~/components/confirm";
import { PageHeader } from "~/components/PageHeader";
import { destination } from "~/components/PageLink";
import { ProblemAlert } from "~/components/ProblemAlert";
import { StatusBadge } from "~/components/StatusBadge";
import { toast } from "~/components/toast";
import { useUnsaved } from "~/components/unsaved";
import { useShortcuts } from "~/state/shortcuts";
import { bodyOf, type Draft, draftOf } from "./draft";
import { ProfileFields } from "./ProfileFields";
import type { Property } from "./schemaForm";
import { type Tested, TestPanel } from "./TestPanel";
import { UsedBy } from "./UsedBy";

type Profile = Schema<"ProfileView">;

interface Props {
  connectors: Schema<"ConnectorView">[];
  stored: { value: Profile; etag: string | null } | null;
  initial: Draft;
  parent: { title: string; to: string };
  /** Keeps `stored` as it is while something is being typed. */
  hold: (on: boolean) => void;
}

/** Reads, changes and tests one profile; secrets go in and never come out. */
export function ProfileEditor({ connectors, stored, initial, parent, hold }: Props) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(initial));
  const navigate = useNavigate();
  const client = useQueryClient();
  const schema = (connectors.find((one) => one.name === draft.connector)?.profileSchema ?? {}) as Property;
  const body = bodyOf(draft, schema);
  const sent = JSON.stringify(body);
  const changed = sent !== useUnchanged(initial, connectors);
  const dirty = stored === null || changed;
  useUnsaved(changed);
  useEffect(() => hold(changed), [hold, changed]);
  const test = useTest(body, sent, stored?.value ?? null, dirty);

  const save = useMutation({
    mutationFn: () =>
      stored
        ? api.put("/api/v1/connection-profiles/{name}", {
            path: { name: stored.value.name },
            header: { "if-match": stored.etag },
            body,
          })
        : api.post("/api/v1/connection-profiles", { body }),
    onSuccess: async (profile) => {
      toast.done(`${profile.name} is saved`);
      toast.doubted(profile.name, profile.warnings);
      if (test.result && !test.result.stale) await keepTest(profile.name);
      await client.invalidateQueries({ queryKey: ["connection-profiles"] });
      await client.invalidateQueries({ queryKey: ["connection-profile", profile.name] });
      hold(false);
      if (!stored) void navigate({ ...destination(links.profile(profile.name)), ignoreBlocker: true });
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      api.delete("/api/v1/connection-profiles/{name}", {
        path: { name: body.name },
        header: { "if-match": stored?.etag ?? null },
      }),
    onSuccess: async () => {
      toast.done(`${body.name} is deleted`);
      await client.invalidateQueries({ queryKey: ["connection-profiles"] });
      void navigate({ ...destination(links.profiles()), ignoreBlocker: true });
    },
  });
  const askToRemove = async () => {
    const yes = await confirm({
      title: `Delete ${body.name}?`,
      body: "Its secrets are erased. The history of runs that used it stays.",
      confirm: "Delete",
      danger: true,
    });
    if (yes) remove.mutate();
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (dirty && !save.isPending) save.mutate();
  };
  useShortcuts([{ keys: "mod+s", label: "Save", group: "Form", run: () => submit() }]);
  const problem = save.error ? asProblem(save.error) : test.error ? asProblem(test.error) : null;
  const stale = problem?.status === 412;
  const shown = problem?.errors.map((error) => error.path.replace(/^\$\.?/, "")) ?? [];
  const mistake = (path: string) => problem?.errors.find((error) => error.path === `$.${path}`)?.message;

  return (
    <form onSubmit={submit} noValidate>
      <PageHeader
        title={stored ? stored.value.name : "New connection profile"}
        parent={parent}
        beside={stored && <StatusBadge of="instance" state={stored.value.active ? "active" : "inactive"} />}
        purpose={
          stored && (
            <>
              Used by <UsedBy instances={stored.value.usedBy} />
            </>
          )
        }
        actions={
          <>
            {stored && (
              <Button variant="default" loading={remove.isPending} onClick={() => void askToRemove()}>
                Delete…
              </Button>
            )}
            <Button type="submit" disabled={!dirty} loading={save.isPending}>
              Save
            </Button>
          </>
        }
      />
      <Stack gap="md" maw={860}>
        {stale && (
          <Alert color="yellow" title="Somebody else has changed this profile">
            <Group justify="space-between">
              Load it again to see what it is now; what you typed is then gone.
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => {
                  hold(false);
                  void client.invalidateQueries({ queryKey: ["connection-profile", body.name] });
                }}
              >
                Load again
              </Button>
            </Group>
          </Alert>
        )}
        {save.error && !stale && <ProblemAlert error={save.error} shownElsewhere={shown} />}
        {remove.error && <ProblemAlert error={remove.error} />}
        {stored && !stored.value.secretsReadable && (
          <Alert color="red" title="The stored secrets cannot be read here">
            The key that encrypted them is missing. Give the secrets again.
          </Alert>
        )}
        <ProfileFields
          draft={draft}
          onChange={setDraft}
          connectors={connectors}
          schema={schema}
          isNew={stored === null}
          stored={stored?.value.secrets ?? {}}
          mistake={mistake}
        >
          <TestPanel
            result={test.result}
            error={test.error && asProblem(test.error).errors.length === 0 ? test.error : null}
            running={test.running}
            onTest={test.run}
          />
        </ProfileFields>
      </Stack>
    </form>
  );
}

/** What would be sent if nothing had been typed. */
function useUnchanged(initial: Draft, connectors: Props["connectors"]): string {
  const [first] = useState(() => {
    const draft = draftOf(initial);
    const schema = connectors.find((one) => one.name === draft.connector)?.profileSchema ?? {};
    return JSON.stringify(bodyOf(draft, schema as Property));
  });
  return first;
}

function keepTest(name: string) {
  return api.post("/api/v1/connection-profiles/{name}/test", { path: { name } }).catch(() => null);
}

/** The test of what the form says now; of a saved profile the server keeps the result. */
function useTest(body: Schema<"ProfileBody">, sent: string, stored: Profile | null, dirty: boolean) {
  const [last, setLast] = useState<{ sent: string; result: Schema<"ConnectionTest"> } | null>(null);
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: () =>
      stored && !dirty
        ? api.post("/api/v1/connection-profiles/{name}/test", { path: { name: stored.name } })
        : api.post("/api/v1/connection-profiles/test", { body: { ...body, name: body.name || "unnamed" } }),
    onSuccess: (result) => {
      setLast({ sent, result });
      void client.invalidateQueries({ queryKey: ["connection-profiles"] });
    },
  });
  const kept = stored?.lastTest as Tested | null | undefined;
  const result: Tested | null = last
    ? { ...last.result, stale: last.sent !== sent }
    : kept
      ? { ...kept, stale: kept.stale || dirty }
      : null;
  return { result, error: mutation.error, running: mutation.isPending, run: () => mutation.mutate() };
}
