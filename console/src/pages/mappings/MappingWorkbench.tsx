import { Alert, Button, Grid, Group, Paper, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { links } from "~/app/links";
import { confirm } from "~/components/confirm";
import { deferred } from "~/components/deferred";
import { PageHeader } from "~/components/PageHeader";
import { destination } from "~/components/PageLink";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { useUnsaved } from "~/components/unsaved";
import { UsedBy } from "~/pages/profiles/UsedBy";
import { useShortcuts } from "~/state/shortcuts";
import { choice, useUrlState } from "~/state/url";
import { asWritten, named, useCheck } from "./check";
import type { Knowledge } from "./completion";
import { DryRunPanel } from "./DryRunPanel";
import { ProblemList } from "./ProblemList";
import { TrialPanel } from "./TrialPanel";
import { VersionsPanel } from "./VersionsPanel";

interface Props {
  stored: { value: Schema<"MappingDetail">; etag: string | null } | null;
  initial: string;
  known: Knowledge | undefined;
  /** Keeps `stored` as it is while something is being typed. */
  hold: (on: boolean) => void;
}

const MappingEditor = deferred(() => import("./MappingEditor"), 440);
const TABS = ["dry-run", "try-draft", "versions"] as const;
const schema = { tab: choice(TABS) };
const PARENT = { title: "Mappings", to: links.mappings() };

/** The editor, what is wrong, and three ways to see what the text would do before it counts. */
export function MappingWorkbench({ stored, initial, known, hold }: Props) {
  const [text, setText] = useState(initial);
  const [name, setName] = useState(stored?.value.mapping.name ?? "");
  const [view, setView] = useUrlState(schema);
  const jumper = useRef<(path: string) => void>(() => undefined);
  const jump = (path: string) => jumper.current(path);
  const check = useCheck(text, name);
  const changed = text !== initial || name !== (stored?.value.mapping.name ?? "");
  const dirty = stored === null || changed;
  useUnsaved(changed);
  useEffect(() => hold(changed), [hold, changed]);
  const { save, remove, reload } = useWriting(stored, name, text, hold);
  const submit = () => {
    if (dirty && !save.isPending) save.mutate();
  };
  useShortcuts([{ keys: "mod+s", label: "Save", group: "Form", run: submit }]);
  const problem = save.error ? asProblem(save.error) : null;
  const mapping = stored?.value.mapping;

  return (
    <>
      <PageHeader
        title={mapping?.name ?? "New mapping"}
        parent={PARENT}
        purpose={
          mapping ? <Summary mapping={mapping} /> : "Every save makes a new version; a run keeps the one it began with."
        }
        actions={
          <>
            {mapping && (
              <Button
                variant="default"
                loading={remove.isPending}
                onClick={() => void askToRemove(mapping.name, remove.mutate)}
              >
                Delete…
              </Button>
            )}
            <Button onClick={submit} disabled={!dirty || (check.fresh && !check.valid)} loading={save.isPending}>
              {mapping ? `Save as v${mapping.versions + 1}` : "Save"}
            </Button>
          </>
        }
      />
      <Stack gap="md">
        {problem?.status === 412 && <Stale onReload={reload} />}
        {problem && problem.status !== 412 && <ProblemAlert error={save.error} />}
        {remove.error && <ProblemAlert error={remove.error} />}
        {!stored && (
          <TextInput
            label="Name"
            description="Letters, digits, space, dot, dash; it never changes."
            withAsterisk
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={problem?.at("name")}
            maw={420}
          />
        )}
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <MappingEditor
              value={text}
              onChange={setText}
              problems={check.problems}
              known={known}
              onReady={(ready) => {
                jumper.current = ready;
              }}
              height="440px"
            />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <ProblemList text={text} check={check} onJump={jump} />
          </Grid.Col>
        </Grid>
        <Paper withBorder bg="var(--sl-surface)" p="md">
          <Tabs
            value={view.tab}
            onChange={(tab) => setView({ tab: (tab ?? "dry-run") as (typeof TABS)[number] })}
            keepMounted={false}
          >
            <Tabs.List mb="md">
              <Tabs.Tab value="dry-run">Dry run</Tabs.Tab>
              {mapping && <Tabs.Tab value="try-draft">Try draft</Tabs.Tab>}
              {mapping && <Tabs.Tab value="versions">Versions ({mapping.versions})</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="dry-run">
              <DryRunPanel name={mapping?.name ?? null} text={text} onJump={jump} />
            </Tabs.Panel>
            {mapping && (
              <>
                <Tabs.Panel value="try-draft">
                  <TrialPanel name={mapping.name} text={text} onJump={jump} />
                </Tabs.Panel>
                <Tabs.Panel value="versions">
                  <VersionsPanel name={mapping.name} etag={stored.etag} text={text} onEdit={setText} />
                </Tabs.Panel>
              </>
            )}
          </Tabs>
        </Paper>
      </Stack>
    </>
  );
}

function Summary({ mapping }: { mapping: Schema<"MappingView"> }) {
  return (
    <>
      {mapping.entityType}, v{mapping.activeVersion} is active, saved by {mapping.changedBy}. Used by{" "}
      <UsedBy instances={mapping.usedBy} />
    </>
  );
}

function Stale({ onReload }: { onReload: () => void }) {
  return (
    <Alert color="yellow" title="Somebody else has saved this mapping meanwhile">
      <Group justify="space-between">
        <Text size="sm">Copy what you need, and load it again: the versions show what was changed.</Text>
        <Button size="compact-sm" variant="default" onClick={onReload}>
          Load again
        </Button>
      </Group>
    </Alert>
  );
}

async function askToRemove(name: string, remove: () => void): Promise<void> {
  const yes = await confirm({
    title: `Delete ${name}?`,
    body: "Runs that used it keep their version. Instances that use it must let go of it first.",
    confirm: "Delete",
    danger: true,
  });
  if (yes) remove();
}

function useWriting(stored: Props["stored"], name: string, text: string, hold: Props["hold"]) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const header = { "if-match": stored?.etag ?? null };
  const path = { name: stored?.value.mapping.name ?? name };
  const changed = async () => {
    await client.invalidateQueries({ queryKey: ["mapping-configs"] });
    await client.invalidateQueries({ queryKey: ["mapping-config", path.name] });
    await client.invalidateQueries({ queryKey: ["mapping-versions", path.name] });
    hold(false);
  };
  const save = useMutation({
    mutationFn: () =>
      stored
        ? api.put("/api/v1/mapping-configs/{name}", { path, header, body: text as never, ...asWritten })
        : api.post("/api/v1/mapping-configs", { body: named(text, name.trim()) as never, ...asWritten }),
    onSuccess: async (saved) => {
      const { name: savedName, activeVersion } = saved.mapping;
      const same = activeVersion === stored?.value.mapping.activeVersion;
      toast.done(same ? "Nothing has changed" : `${savedName} v${activeVersion} is saved and active`);
      toast.doubted(savedName, saved.warnings ?? []);
      await changed();
      if (!stored) void navigate({ ...destination(links.mapping(savedName)), ignoreBlocker: true });
    },
  });
  const remove = useMutation({
    mutationFn: () => api.delete("/api/v1/mapping-configs/{name}", { path, header }),
    onSuccess: async () => {
      toast.done(`${path.name} is deleted`);
      await client.invalidateQueries({ queryKey: ["mapping-configs"] });
      void navigate({ ...destination(links.mappings()), ignoreBlocker: true });
    },
  });
  return { save, remove, reload: () => void changed() };
}
