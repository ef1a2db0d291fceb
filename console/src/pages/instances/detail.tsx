import { Alert, Button, Group, NumberInput, Skeleton, Stack, Switch, TagsInput } from "@mantine/core";
import { useParams, useSearch } from "@tanstack/react-router";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { DeleteButton, Fields, type Held, Loaded, NameField, Panel, useEditor } from "~/components/form/editor";
import { Refusal } from "~/components/form/Refusal";
import { May } from "~/components/May";
import { PageHeader } from "~/components/PageHeader";
import { mappingKind, profileKind } from "~/components/pick/choices";
import { Pick, PickMany } from "~/components/pick/Pick";
import { PageLink, StatusBadge } from "~/components/values";
import { useGiven } from "~/pages/templates/queries";
import { Home } from "./Home";
import { useSwitch } from "./queries";

type Instance = Schema<"InstanceView">;
/** The failure budget: how many records of a run may fail until it waits for a person. */
const BUDGET = [
  ["failureBudget.count", "Failed records at most", "A run with more waits for a person. Empty: no limit", false],
  ["failureBudget.percent", "Failed records at most, %", "The same, from 100 records on. Empty: no limit", true],
] as const;
const PARENT = { title: "Instances", to: links.instances() };

export default function InstancePage() {
  return <LoadedInstance name={useParams({ from: "/signed-in/instances/$name" }).name} />;
}

export function NewInstancePage() {
  const { ready, given } = useGiven("Instance", useSearch({ from: "/signed-in/new/instance" }));
  return ready ? <LoadedInstance given={given} /> : <Skeleton height={400} />;
}

type Given = Partial<Instance> | undefined;

function LoadedInstance({ name, given }: { name?: string; given?: Given }) {
  const fetch = (name: string) => api.getTagged("/api/v1/instances/{name}", { path: { name } });
  return (
    <Loaded name={name} kind="instance" fetch={fetch} parent={PARENT} every={15_000}>
      {(held) => <InstanceEditor {...held} given={given} />}
    </Loaded>
  );
}

function bodyOf(first: Given): Schema<"InstanceBody"> {
  return {
    name: first?.name ?? "",
    source: first?.source ?? "",
    target: first?.target ?? "",
    mappings: first?.mappings ?? [],
    enabled: first?.enabled ?? true,
    order: first?.order ?? [],
    failureBudget: { count: null, percent: null, ...first?.failureBudget },
  } as Schema<"InstanceBody">;
}

/** One page: how each entity type fares, whether it may run, and what it joins. */
function InstanceEditor({ given, ...held }: Held<Instance> & { given: Given }) {
  const { stored } = held;
  const instance = stored?.value;
  const request = { path: { name: instance?.name ?? "" }, header: { "if-match": stored?.etag ?? null } };
  const editor = useEditor({
    ...held,
    queries: ["instances", "instance", "audit-log"],
    page: links.instance,
    help: "instance",
    valuesOf: bodyOf,
    first: bodyOf(given),
    send: (body, _, version) =>
      stored
        ? api.put("/api/v1/instances/{name}", { path: request.path, header: { "if-match": version }, body })
        : api.post("/api/v1/instances", { body: { ...body, name: body.name.trim() } }),
  });
  const { field } = editor;
  return (
    <form onSubmit={editor.onSubmit(editor.save)} noValidate>
      <PageHeader
        title={instance?.name ?? "New instance"}
        help="instance"
        parent={PARENT}
        beside={instance && <StatusBadge of="instance" state={instance.status} reason={instance.cause} size="md" />}
        purpose={instance ? undefined : "Joins a source and a target with a mapping for each entity type."}
        actions={
          <May permission="configure" to="change instances">
            {instance && <SwitchButton instance={instance} />}
            {instance && (
              <DeleteButton
                name={instance.name}
                body="The history of its runs stays. Its cursors and what it has written are forgotten."
                typed
                run={() => api.delete("/api/v1/instances/{name}", request)}
                list={links.instances()}
                query="instances"
              />
            )}
            <Button type="submit" disabled={!editor.changed} loading={editor.pending}>
              Save
            </Button>
          </May>
        }
      />
      <Stack gap="md" maw={980}>
        {instance && instance.status === "dependency_inactive" && <Cause instance={instance} />}
        <Refusal form={editor} />
        {instance && <Home instance={instance} />}
        <Panel name="What it joins" titled={instance !== undefined}>
          <Fields>
            <NameField isNew={!instance} {...field("name")} />
            <Group align="flex-start" gap="sm">
              <Pick
                kind={profileKind}
                label="Source"
                description="Profile that is read"
                withAsterisk
                w={300}
                {...field("source")}
              />
              <Pick
                kind={profileKind}
                label="Target"
                description="Profile that is written to"
                withAsterisk
                w={300}
                {...field("target")}
              />
            </Group>
            <PickMany
              kind={mappingKind}
              label="Mappings"
              description="One for each entity type"
              maw={640}
              {...field("mappings")}
              onChange={(mappings) => editor.setFieldValue("mappings", [...mappings].sort())}
            />
            <TagsInput
              label="Order"
              description="Entity types, parents first: a whole run of the first is followed by one of each other. Empty: each runs alone"
              data={(instance?.entityTypes ?? []).map((one) => one.entityType)}
              maw={640}
              {...field("order")}
            />
            <Group align="flex-start" gap="sm">
              {BUDGET.map(([path, label, description, allowDecimal]) => (
                <NumberInput
                  key={path}
                  label={label}
                  description={description}
                  allowDecimal={allowDecimal}
                  w={300}
                  {...field(path)}
                  value={field(path).value ?? ""}
                  onChange={(value) => editor.setFieldValue(path, value === "" ? null : Number(value))}
                />
              ))}
            </Group>
            {!instance && <Switch label="Enabled: it may run" {...field("enabled", { type: "checkbox" })} />}
          </Fields>
        </Panel>
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
