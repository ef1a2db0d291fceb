import { Button, Grid, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { api, type Schema, type Tagged } from "~/api/client";
import { JsonText } from "~/api/lossless";
import { links } from "~/app/links";
import { ActionButton } from "~/components/action";
import { deferred } from "~/components/deferred";
import { type Held, Panel, Refusal, useEditor } from "~/components/form/editor";
import { PageHeader } from "~/components/PageHeader";
import { toast } from "~/components/toast";
import { UsedBy } from "~/pages/profiles/UsedBy";
import { useUrlState } from "~/state/url";
import { named, useCheck } from "./check";
import type { Knowledge } from "./completion";
import { DryRunPanel } from "./DryRunPanel";
import { FIRST_TEXT } from "./firstText";
import { ProblemList } from "./ProblemList";
import { TrialPanel } from "./TrialPanel";
import { VersionsPanel } from "./VersionsPanel";

interface Props extends Held {
  stored: Tagged<Schema<"MappingDetail">> | null;
  known: Knowledge | undefined;
}

const MappingEditor = deferred(() => import("./MappingEditor"), 440);
const PARENT = { title: "Mappings", to: links.mappings() };

/** The editor, what is wrong, and three ways to see what the text would do before it counts. */
export function MappingWorkbench({ stored, known, hold }: Props) {
  const mapping = stored?.value.mapping;
  const [view, setView] = useUrlState(stored ? "/signed-in/mappings/$name" : "/signed-in/new/mapping");
  const navigate = useNavigate();
  const jumper = useRef<(path: string) => void>(() => undefined);
  const jump = (path: string) => jumper.current(path);
  const request = { path: { name: mapping?.name ?? "" }, header: { "if-match": stored?.etag ?? null } };
  const editor = useEditor({
    isNew: stored === null,
    hold,
    queries: ["mapping-configs", "mapping-config", "mapping-versions"],
    initial: { name: mapping?.name ?? "", text: stored?.value.text ?? FIRST_TEXT },
    send: ({ name, text }) =>
      stored
        ? api.put("/api/v1/mapping-configs/{name}", { ...request, body: new JsonText(text) })
        : api.post("/api/v1/mapping-configs", { body: named(text, name.trim()) }),
    onSent: ({ mapping: { name, activeVersion }, warnings }) => {
      const same = activeVersion === mapping?.activeVersion;
      toast.done(same ? "Nothing has changed" : `${name} v${activeVersion} is saved and active`);
      toast.doubted(name, warnings ?? []);
      if (!stored) void navigate({ href: links.mapping(name), ignoreBlocker: true });
    },
  });
  const { name, text } = editor.values;
  const setText = (next: string) => editor.setFieldValue("text", next);
  const check = useCheck(text, name);
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
              <ActionButton
                ask={{
                  title: `Delete ${mapping.name}?`,
                  body: "Runs that used it keep their version. Instances that use it must let go of it first.",
                  confirm: "Delete",
                  danger: true,
                }}
                run={() => api.delete("/api/v1/mapping-configs/{name}", request)}
                done={`${mapping.name} is deleted`}
                onDone={() => navigate({ href: links.mappings(), ignoreBlocker: true })}
                changes={["mapping-configs"]}
              >
                Delete…
              </ActionButton>
            )}
            <Button
              onClick={editor.save}
              disabled={!editor.changed || (check.fresh && !check.valid)}
              loading={editor.pending}
            >
              {mapping ? `Save as v${mapping.versions + 1}` : "Save"}
            </Button>
          </>
        }
      />
      <Stack gap="md">
        <Refusal editor={editor} title="Somebody else has saved this mapping meanwhile">
          <Text size="sm">Copy what you need, and load it again: the versions show what was changed.</Text>
        </Refusal>
        {!stored && (
          <TextInput
            label="Name"
            description="Letters, digits, space, dot, dash; it never changes."
            withAsterisk
            maw={420}
            {...editor.field("name")}
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
        <Panel>
          <Tabs
            value={view.tab}
            onChange={(tab) => setView({ tab: (tab ?? "dry-run") as typeof view.tab })}
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
        </Panel>
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
