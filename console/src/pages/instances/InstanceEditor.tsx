import { Alert, Button, Group, Stack, Switch, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { api, type Schema, type Tagged } from "~/api/client";
import { links } from "~/app/links";
import { ActionButton } from "~/components/action";
import { type Held, Panel, Refusal, useEditor } from "~/components/form/editor";
import { PageHeader } from "~/components/PageHeader";
import { PageLink } from "~/components/PageLink";
import { mappingKind, profileKind } from "~/components/pick/choices";
import { Pick, PickMany } from "~/components/pick/Pick";
import { StatusBadge } from "~/components/StatusBadge";
import { toast } from "~/components/toast";
import { EntityTypes } from "./EntityTypes";
import { useSwitch } from "./queries";

type Instance = Schema<"InstanceView">;

interface Props extends Held {
  stored: Tagged<Instance> | null;
}

/** One page: what it joins, whether it may run, and how far each entity type was read. */
export function InstanceEditor({ stored, hold }: Props) {
  const navigate = useNavigate();
  const instance = stored?.value;
  const request = { path: { name: instance?.name ?? "" }, header: { "if-match": stored?.etag ?? null } };
  const editor = useEditor({
    isNew: !stored,
    hold,
    queries: ["instances", "instance"],
    initial: {
      name: instance?.name ?? "",
      source: instance?.source ?? "",
      target: instance?.target ?? "",
      mappings: instance?.mappings ?? [],
      enabled: instance?.enabled ?? true,
    } as Schema<"InstanceBody">,
    send: (body) =>
      stored
        ? api.put("/api/v1/instances/{name}", { ...request, body })
        : api.post("/api/v1/instances", { body: { ...body, name: body.name.trim() } }),
    onSent: ({ name, warnings }) => {
      toast.done(`${name} is saved`);
      toast.doubted(name, warnings);
      if (!stored) void navigate({ href: links.instance(name), ignoreBlocker: true });
    },
  });
  const { field } = editor;
  return (
    <form onSubmit={editor.onSubmit(editor.save)} noValidate>
      <PageHeader
        title={instance?.name ?? "New instance"}
        parent={{ title: "Instances", to: links.instances() }}
        beside={instance && <StatusBadge of="instance" state={instance.status} reason={instance.cause} size="md" />}
        purpose={instance ? undefined : "Joins a source and a target with a mapping for each entity type."}
        actions={
          <>
            {instance && (
              <>
                <SwitchButton instance={instance} />
                <ActionButton
                  ask={{
                    title: `Delete ${instance.name}?`,
                    body: "The history of its runs stays. Its cursors and what it has written are forgotten.",
                    confirm: "Delete",
                    danger: true,
                    typed: instance.name,
                  }}
                  run={() => api.delete("/api/v1/instances/{name}", request)}
                  done={`${instance.name} is deleted`}
                  onDone={() => navigate({ href: links.instances(), ignoreBlocker: true })}
                  changes={["instances"]}
                >
                  Delete…
                </ActionButton>
              </>
            )}
            <Button type="submit" disabled={!editor.changed} loading={editor.pending}>
              Save
            </Button>
          </>
        }
      />
      <Stack gap="md" maw={980}>
        {instance && instance.status === "dependency_inactive" && <Cause instance={instance} />}
        <Refusal editor={editor} title="Somebody else has changed this instance">
          Load it again to see what it is now.
        </Refusal>
        <Panel name="What it joins">
          <Stack gap="sm">
            <TextInput
              label="Name"
              description="Letters, digits, space, dot, dash; it never changes."
              withAsterisk
              readOnly={instance !== undefined}
              variant={instance ? "filled" : "default"}
              maw={420}
              {...field("name")}
            />
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
            {!instance && <Switch label="Enabled: it may run" {...field("enabled", { type: "checkbox" })} />}
          </Stack>
        </Panel>
        {instance && (
          <Panel name="Entity types" titled>
            <EntityTypes instance={instance} />
          </Panel>
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
