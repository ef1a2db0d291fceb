import { Button, Grid, SegmentedControl, Skeleton, Stack, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { api, type Schema } from "~/api/client";
import { JsonText } from "~/api/lossless";
import { useLacking } from "~/api/session";
import { links } from "~/app/links";
import { ActionButton } from "~/components/action";
import { deferred } from "~/components/deferred";
import { DeleteButton, type Held, Loaded, NameField, Panel, useEditor } from "~/components/form/editor";
import { Refusal } from "~/components/form/Refusal";
import { May } from "~/components/May";
import { PageHeader } from "~/components/PageHeader";
import { toast } from "~/components/toast";
import { UsedBy } from "~/pages/profiles/UsedBy";
import { useGiven } from "~/pages/templates/queries";
import { stored as storedChoice } from "~/state/stored";
import { useUrlState } from "~/state/url";
import { namesIn, useCanonical } from "./canonical";
import { FIRST_TEXT, named, useCheck } from "./check";
import type { Knowledge, Shape } from "./completion";
import { DryRunPanel } from "./DryRunPanel";
import { ProblemList } from "./ProblemList";
import { SchemaPanel } from "./SchemaPanel";
import { TrialPanel } from "./TrialPanel";
import { suggestionsOf } from "./table/suggestions";
import { useSystems } from "./table/useSystems";
import { useTable } from "./table/useTable";
import { VersionsPanel } from "./VersionsPanel";

const MappingEditor = deferred(() => import("./MappingEditor"), 440);
const MappingTable = deferred(() => import("./table/MappingTable"), 440);
const VIEWS = [
  { value: "both", label: "Table and JSON" },
  { value: "table", label: "Table" },
  { value: "json", label: "JSON" },
];
/** Whether the table, the JSON or both are shown. */
const viewChoice = storedChoice("mapping-view", "both", (text) =>
  VIEWS.some((one) => one.value === text) ? text : undefined,
);
const PARENT = { title: "Mappings", to: links.mappings() };

export default function MappingPage() {
  return <LoadedMapping name={useParams({ from: "/signed-in/mappings/$name" }).name} />;
}

export function NewMappingPage() {
  const { ready, given } = useGiven("Mapping", useSearch({ from: "/signed-in/new/mapping" }));
  if (!ready) return <Skeleton height={440} />;
  const { name, ...document } = given ?? { name: "" };
  return <LoadedMapping first={{ name, text: given ? JSON.stringify(document, null, 2) : FIRST_TEXT }} />;
}

/** What the form of a new one begins with. */
interface First {
  name: string;
  text: string;
}

function LoadedMapping({ name, first }: { name?: string; first?: First }) {
  const fetch = (name: string) => api.getTagged("/api/v1/mapping-configs/{name}", { path: { name } });
  return (
    <Loaded name={name} kind="mapping-config" fetch={fetch} parent={PARENT}>
      {(held) => <MappingWorkbench {...held} first={first} />}
    </Loaded>
  );
}

/** The editor, what is wrong, and three ways to see what the text would do before it counts. */
function MappingWorkbench({ first, ...held }: Held<Schema<"MappingDetail">> & { first: First | undefined }) {
  const { stored } = held;
  const mapping = stored?.value.mapping;
  const [view, setView] = useUrlState(stored ? "/signed-in/mappings/$name" : "/signed-in/new/mapping");
  const shown = viewChoice.use();
  const jumper = useRef<(path: string) => void>(() => undefined);
  /** Where to jump when the editor stands. */
  const waiting = useRef<string | null>(null);
  const jump = (path: string) => {
    if (shown !== "table") return jumper.current(path);
    waiting.current = path;
    viewChoice.set("both");
  };
  const request = { path: { name: mapping?.name ?? "" }, header: { "if-match": stored?.etag ?? null } };
  const editor = useEditor({
    ...held,
    queries: ["mapping-configs", "mapping-config", "mapping-versions"],
    page: links.mapping,
    valuesOf: ({ mapping, text }) => ({ name: mapping.name, text }),
    first: first ?? { name: "", text: "" },
    send: async ({ name, text }, _, version) => {
      const { mapping, warnings } = stored
        ? await api.put("/api/v1/mapping-configs/{name}", {
            path: request.path,
            header: { "if-match": version },
            body: new JsonText(text),
          })
        : await api.post("/api/v1/mapping-configs", { body: named(text, name.trim()) });
      return { name: mapping.name, version: mapping.activeVersion, warnings };
    },
    said: ({ name, version }) =>
      version === mapping?.activeVersion ? "Nothing has changed" : `${name} v${version} is saved and active`,
  });
  const { name, text } = editor.values;
  const setText = (next: string) => editor.setFieldValue("text", next);
  const may = !useLacking("configure");
  const { table, behind } = useTable(text);
  const systems = useSystems(table?.document ?? {}, (may && mapping?.usedBy) || []);
  const check = useCheck(text, name, may);
  const knowledge = useKnowledge();
  const canonical = useCanonical(text, knowledge?.shape);
  const schemas = useMemo(() => namesIn(knowledge?.shape), [knowledge]);
  const known = knowledge && {
    ...knowledge,
    ...(canonical && { canonical: canonical.properties }),
    systems: suggestionsOf(table, systems),
  };
  return (
    <>
      <PageHeader
        title={mapping?.name ?? "New mapping"}
        help="mapping"
        parent={PARENT}
        purpose={
          mapping ? <Summary mapping={mapping} /> : "Every save makes a new version; a run keeps the one it began with."
        }
        actions={
          <May permission="configure" to="change mappings">
            {mapping && (
              <DeleteButton
                name={mapping.name}
                body="Runs that used it keep their version. Instances that use it must let go of it first."
                run={() => api.delete("/api/v1/mapping-configs/{name}", request)}
                list={links.mappings()}
                query="mapping-configs"
              />
            )}
            {mapping && (
              <ActionButton
                disabled={!editor.changed || (check.fresh && !check.valid)}
                run={() =>
                  api.post("/api/v1/mapping-configs/{name}/versions", {
                    path: request.path,
                    header: { "if-match": editor.draft.version },
                    body: new JsonText(text),
                  })
                }
                onFailed={editor.draft.compareIfStale}
                onDone={({ version }) => {
                  editor.resetDirty();
                  toast.done(`v${version.version} is saved; v${mapping.activeVersion} stays active`);
                }}
                changes={["mapping-config", "mapping-configs", "mapping-versions"]}
              >
                Save only
              </ActionButton>
            )}
            <Button
              onClick={editor.save}
              disabled={!editor.changed || (check.fresh && !check.valid)}
              loading={editor.pending}
            >
              {mapping ? `Save as v${mapping.versions + 1}` : "Save"}
            </Button>
          </May>
        }
      />
      <Stack gap="md">
        <Refusal json form={editor} />
        {!stored && <NameField isNew {...editor.field("name")} />}
        <SegmentedControl
          aria-label="What is shown"
          data={VIEWS}
          size="sm"
          w="fit-content"
          value={shown}
          onChange={viewChoice.set}
        />
        <Grid gap="md">
          {shown !== "json" && (
            <Grid.Col span={{ base: 12, lg: shown === "both" ? 7 : 12 }}>
              {table && (
                <MappingTable
                  name={mapping?.name ?? null}
                  text={text}
                  table={table}
                  behind={behind}
                  readOnly={!may}
                  onChange={setText}
                  problems={check.problems}
                  known={knowledge}
                  canonical={canonical}
                  systems={systems}
                  schemas={schemas}
                />
              )}
            </Grid.Col>
          )}
          {shown !== "table" && (
            <Grid.Col span={{ base: 12, lg: shown === "both" ? 5 : 8 }}>
              <MappingEditor
                value={text}
                onChange={setText}
                readOnly={!may}
                problems={check.problems}
                known={known}
                onReady={(ready) => {
                  jumper.current = ready;
                  if (waiting.current !== null) ready(waiting.current);
                  waiting.current = null;
                }}
                height={shown === "both" ? "640px" : "440px"}
              />
            </Grid.Col>
          )}
          <Grid.Col span={{ base: 12, lg: shown === "json" ? 4 : 12 }}>
            <ProblemList text={text} check={check} onJump={jump} />
          </Grid.Col>
        </Grid>
        <Panel>
          <Tabs
            value={may || view.tab === "versions" ? view.tab : "schema"}
            onChange={(tab) => setView({ tab: (tab ?? "dry-run") as typeof view.tab })}
            keepMounted={false}
          >
            <Tabs.List mb="md">
              {may && <Tabs.Tab value="dry-run">Dry run</Tabs.Tab>}
              {may && mapping && <Tabs.Tab value="try-draft">Try draft</Tabs.Tab>}
              <Tabs.Tab value="schema">Canonical schema</Tabs.Tab>
              {mapping && <Tabs.Tab value="versions">Versions ({mapping.versions})</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="dry-run">
              <DryRunPanel name={mapping?.name ?? null} text={text} onJump={jump} />
            </Tabs.Panel>
            <Tabs.Panel value="schema">
              <SchemaPanel text={text} canonical={canonical} />
            </Tabs.Panel>
            {mapping && (
              <>
                <Tabs.Panel value="try-draft">
                  <TrialPanel name={mapping.name} text={text} onJump={jump} />
                </Tabs.Panel>
                <Tabs.Panel value="versions">
                  <VersionsPanel name={mapping.name} etag={editor.draft.version} text={text} onEdit={setText} />
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

/** What the editor completes: the JSON Schema and the transformers of this installation. */
function useKnowledge(): Knowledge | undefined {
  const query = useQuery({
    queryKey: ["schema", "mapping"],
    queryFn: async (): Promise<Knowledge> => {
      const found = await api.get("/api/v1/schemas/{kind}", { path: { kind: "mapping" } });
      return { shape: found.jsonSchema as Shape, transformers: found.transformers };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return query.data;
}
