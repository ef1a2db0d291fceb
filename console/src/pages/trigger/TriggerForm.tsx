import {
  Button,
  Code,
  Collapse,
  CopyButton,
  Group,
  NumberInput,
  Radio,
  type RadioGroupProps,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { modals } from "@mantine/modals";
import { IconCheck, IconChevronDown, IconCopy, IconPlayerPlay } from "@tabler/icons-react";
import { useId, useState } from "react";
import type { Schema } from "~/api/client";
import { useLacking } from "~/api/session";
import { helpOf, helpOfField } from "~/app/help";
import { links } from "~/app/links";
import { confirm } from "~/components/confirm";
import { deferred } from "~/components/deferred";
import { helped } from "~/components/Help";
import { instanceKind, useInstance } from "~/components/pick/choices";
import { NoMapping, Pick } from "~/components/pick/Pick";
import { LiveRunState } from "~/components/run/RunState";
import { SourceCount } from "~/components/SourceCount";
import { MODE_WORDS } from "~/components/status";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { MODES } from "~/pages/search";
import { useShortcuts } from "~/state/shortcuts";
import { commandOf, consequence, type Fields, idsOf } from "./fields";

type Instance = Schema<"InstanceView">;

interface Props {
  form: UseFormReturnType<Fields>;
  pending: boolean;
  onTrigger: (fields: Fields) => void;
}

export function TriggerForm({ form, pending, onTrigger }: Props) {
  const { values: fields, getInputProps: field } = form;
  const [advanced, setAdvanced] = useState(Boolean(fields.max || fields.batch || fields.overlap === "queue"));
  const id = useId();
  const instance = useInstance(fields.instance);
  const inactive = instance !== undefined && instance.status !== "active";
  const ids = idsOf(fields.ids);
  const submit = form.onSubmit(
    async (values) => {
      if (!inactive && !pending && (await agreed(values, ids.length))) onTrigger(values);
    },
    ({ max, batch }) => (max || batch) && setAdvanced(true),
  );
  const number = (name: "max" | "batch") => ({
    ...field(name),
    ...helped(helpOfField(`trigger.${name}`), name),
    onChange: (value: number | string) => form.setFieldValue(name, String(value)),
  });
  useShortcuts([{ keys: "mod+Enter", label: "Trigger the sync", group: "Sync Trigger", run: () => submit() }]);

  return (
    <form onSubmit={submit} noValidate aria-label="Sync Trigger">
      <Stack gap="md">
        <Pick
          kind={instanceKind}
          label="Instance"
          required
          placeholder="Choose an instance"
          disabled={pending}
          {...field("instance")}
          onChange={(name, of) => form.setValues({ instance: name, entity: onlyEntity(of) })}
        />
        {instance && <InstanceFacts instance={instance} entity={fields.entity} />}
        <Select
          label="Entity type"
          description={instance && followers(instance, fields.entity, ids.length)}
          required
          placeholder={instance ? "Choose what to sync" : "Choose an instance first"}
          data={(instance?.entityTypes ?? []).map((one) => one.entityType)}
          disabled={!instance || pending}
          nothingFoundMessage={<NoMapping instance={fields.instance} />}
          {...field("entity")}
          value={fields.entity || null}
          onChange={(value) => form.setFieldValue("entity", value ?? "")}
        />
        <Textarea
          label="Source IDs"
          description={
            ids.length
              ? `${ids.length} of at most 500; only these are synced`
              : "Optional: only these records. Paste them with commas or one a line"
          }
          placeholder="A-1001, A-1002"
          autosize
          minRows={1}
          maxRows={6}
          disabled={pending}
          {...field("ids")}
          {...helped(helpOf("trigger.ids"), "Source IDs")}
        />
        <ModeField ids={ids.length} disabled={pending} {...field("mode")} />
        <div>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            ml={-8}
            rightSection={<IconChevronDown size={14} style={{ transform: advanced ? "rotate(180deg)" : "none" }} />}
            onClick={() => setAdvanced(!advanced)}
            aria-expanded={advanced}
            aria-controls={`${id}-more`}
          >
            More
          </Button>
          <Collapse expanded={advanced} id={`${id}-more`}>
            <Stack gap="sm" pt="xs">
              <Group grow align="flex-start" gap="sm">
                <NumberInput
                  label="Max entities"
                  description="Discover at most so many"
                  placeholder="All"
                  min={1}
                  allowDecimal={false}
                  {...number("max")}
                />
                <NumberInput
                  label="Batch size"
                  description="Records of a batch, 1–1000"
                  placeholder="100"
                  min={1}
                  max={1000}
                  clampBehavior="none"
                  allowDecimal={false}
                  {...number("batch")}
                />
              </Group>
              <div>
                <Text fw={500} mb={4} id={`${id}-overlap`}>
                  While a run of the same is active
                </Text>
                <SegmentedControl
                  size="xs"
                  aria-labelledby={`${id}-overlap`}
                  data={[
                    { value: "reject", label: "Refuse" },
                    { value: "queue", label: "Queue after it" },
                  ]}
                  {...field("overlap")}
                />
              </div>
            </Stack>
          </Collapse>
        </div>
        <CommandLine command={commandOf(fields)} />
        <Group gap="sm">
          <Button type="submit" leftSection={<IconPlayerPlay size={16} />} disabled={inactive} loading={pending}>
            Trigger Sync
          </Button>
          <DryRunButton instance={instance} entity={fields.entity} ids={ids} />
          {inactive && <Text c="dimmed">{instance.cause ?? "This instance is not active"}</Text>}
        </Group>
      </Stack>
    </form>
  );
}

const DryRun = deferred(() => import("./DryRun"), 260);

/** Shows in a dialog what the first records, or those of the IDs, would become. */
function DryRunButton({ instance, entity, ids }: { instance: Instance | undefined; entity: string; ids: string[] }) {
  const mapping = instance?.entityTypes.find((one) => one.entityType === entity)?.mapping;
  const lacking = [useLacking("configure"), useLacking("payloads")].some(Boolean);
  if (lacking) return null;
  const open = () => {
    const id = modals.open({
      title: `Dry run of ${instance?.name} / ${entity}`,
      size: "90%",
      children: (
        <DryRun instance={instance?.name ?? ""} mapping={mapping ?? ""} ids={ids} onLeave={() => modals.close(id)} />
      ),
    });
  };
  return (
    <Button variant="default" disabled={!mapping} onClick={open}>
      Dry run…
    </Button>
  );
}

/** What runs after a whole run of an entity type, in the order of its instance. */
function followers({ order }: Instance, entity: string, ids: number): string | undefined {
  return order[0] === entity && ids === 0 ? `Then follows ${order.slice(1).join(", then ")}` : undefined;
}

/** Chosen by itself where there is no choice. */
function onlyEntity(instance: Instance | undefined): string {
  const types = instance?.entityTypes ?? [];
  return types.length === 1 ? (types[0]?.entityType ?? "") : "";
}

/** Asks before what is expensive or cannot be taken back. */
async function agreed(fields: Fields, ids: number): Promise<boolean> {
  if (fields.mode === "incremental" || ids > 0) return true;
  return confirm({
    title: `${MODE_WORDS[fields.mode]} of ${fields.instance} / ${fields.entity}?`,
    body: (
      <>
        {consequence(fields.mode, ids)}
        <SourceCount instance={fields.instance} entityType={fields.entity} />
      </>
    ),
    confirm: MODE_WORDS[fields.mode] ?? "Trigger",
    danger: fields.mode === "force_full",
    ...(fields.mode === "force_full" ? { typed: fields.instance } : {}),
  });
}

function CommandLine({ command }: { command: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={3}>
        The same on the command line
      </Text>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Code block style={{ flex: 1, minWidth: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere", fontSize: 12 }}>
          {command}
        </Code>
        <CopyButton value={command}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy} aria-label="Copy the command">
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </Button>
          )}
        </CopyButton>
      </Group>
    </div>
  );
}

/** Whether an instance may run, how its last run ended, and where its cursor stands. */
function InstanceFacts({ instance, entity }: { instance: Instance; entity: string }) {
  const type = instance.entityTypes.find((one) => one.entityType === entity);
  return (
    <Group gap={8} fz="sm" c="dimmed" mt={-8}>
      <StatusBadge of="instance" state={instance.status} reason={instance.cause} />
      {type?.lastRun && (
        <span>
          Last run{" "}
          <PageLink to={links.run(type.lastRun.correlationId)}>
            <Time at={type.lastRun.createdAt} />
          </PageLink>
        </span>
      )}
      {type?.lastRun && <LiveRunState correlationId={type.lastRun.correlationId} state={type.lastRun.state} />}
      {type && !type.lastRun && <span>Never run</span>}
      {type && (
        <span>
          {type.cursor === null
            ? type.cursorVersion > 0
              ? "Cursor cleared, not yet synced"
              : "No cursor yet: everything is read"
            : `Cursor ${type.cursor}`}
        </span>
      )}
    </Group>
  );
}

interface ModeProps extends Omit<RadioGroupProps, "children"> {
  ids: number;
  disabled: boolean;
}

/** The three modes, each with what it will do. */
function ModeField({ ids, disabled, ...field }: ModeProps) {
  return (
    <Radio.Group label="Mode" {...field}>
      <Stack gap={8} mt={6}>
        {MODES.map((one) => (
          <Radio
            key={one}
            value={one}
            size="xs"
            label={MODE_WORDS[one]}
            description={one === "reset_cursor" && ids > 0 ? "Not together with source IDs." : consequence(one, ids)}
            disabled={disabled}
            styles={{ label: { fontSize: 13, fontWeight: 500 }, description: { fontSize: 12, marginTop: 1 } }}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
