import { Checkbox, Group, NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { refetch } from "~/api/query";
import { links } from "~/app/links";
import { FIRST, Form, FormModal, useApiForm } from "~/components/form/form";
import { ShownOnce } from "~/components/ShownOnce";
import { toast } from "~/components/toast";
import {
  calls,
  type Draft,
  EVENTS,
  FORMATS,
  INITIAL,
  type Kind,
  numberOf,
  OVERDUE,
  type Saved,
  SECRET,
  type Subscription,
  withNumber,
} from "./kinds";

interface Props {
  kind: Kind;
  /** What is changed; without it a new one is made. */
  subscription?: Subscription;
  etag?: string | null;
  onClose: () => void;
}

/** Makes or changes a webhook or an e-mail subscription. */
export function Edit(props: Props) {
  const { kind, subscription } = props;
  const title = subscription ? `Edit ${subscription.name}` : `Add ${kind === "email" ? "e-mail" : "webhook"}`;
  return (
    <FormModal onClose={props.onClose} title={title} size="lg">
      <Fields {...props} />
    </FormModal>
  );
}

const EMPTY: Draft = {
  name: "",
  where: [],
  events: INITIAL,
  instances: [],
  active: true,
  format: "cloudevents",
};

function Fields({ kind, subscription, etag = null, onClose }: Props) {
  const navigate = useNavigate();
  const finish = (result: Saved) => {
    onClose();
    toast.done(`${result.name} is ${subscription ? "changed" : "added"}`);
    if (!subscription) void navigate({ href: links.notification(kind, result.id), ignoreBlocker: true });
  };
  const form = useApiForm<Draft, Saved>({
    initial: subscription ? draftOf(subscription) : EMPTY,
    edited: {
      kind,
      name: subscription?.id ?? null,
      version: etag,
      newest: async () => {
        const { value, etag } = await calls[kind].get(subscription?.id ?? "");
        return { values: draftOf(value), version: etag };
      },
    },
    names: { url: "where", addresses: "where" },
    send: (draft, _, version) =>
      subscription ? calls[kind].change(subscription.id, draft, version) : calls[kind].create(draft),
    onSent: (saved) => {
      void refetch("notifications");
      if (!saved.secret || isChat) finish(saved);
    },
    staysOpen: () => true,
  });
  const isChat = form.values.format !== "cloudevents" && kind === "webhooks";
  const saved = form.result;
  if (saved?.secret && !isChat) {
    const title = `Secret of ${saved.name}`;
    return <ShownOnce {...SECRET} dialogTitle={title} value={saved.secret} onClose={() => finish(saved)} />;
  }
  const { name, where } = form.values;
  const ready = name.trim() !== "" && where.length > 0;
  return (
    <Form form={form} submit={subscription ? "Save" : "Add"} ready={ready} noValidate>
      <TextInput label="Name" {...FIRST} {...form.field("name")} />
      {kind === "email" ? (
        <TagsInput
          label="Addresses"
          description="Each followed by Enter; one mail goes to all of them"
          required
          splitChars={[",", ";", " "]}
          acceptValueOnBlur
          {...form.field("where")}
        />
      ) : (
        <>
          <Select
            label="Sends"
            description="To Slack and Teams as a message for people; everything else gets an event for programs"
            data={FORMATS}
            allowDeselect={false}
            {...form.field("format")}
          />
          <TextInput
            label="URL"
            description={
              isChat
                ? "Of the incoming webhook, or the workflow, that posts into the channel. Whoever knows it can post there"
                : "Signed events are sent there by POST"
            }
            placeholder="https://example.com/hooks/syncline"
            required
            type="url"
            autoComplete="off"
            {...form.field("where")}
            value={where[0] ?? ""}
            onChange={({ currentTarget: { value } }) => form.setFieldValue("where", value ? [value] : [])}
          />
        </>
      )}
      <Checkbox.Group
        label="Tell when"
        description="Each is told once; the recovery comes with it"
        {...form.field("events")}
      >
        <Stack gap={6} mt={6}>
          {EVENTS.map((one) => (
            <Checkbox key={one.value} value={one.value} label={one.label} description={one.hint} />
          ))}
        </Stack>
      </Checkbox.Group>
      {OVERDUE.map((one) => (
        <Overdue
          key={one.value}
          {...one}
          number={numberOf(form.values.events, one.value)}
          onChange={(number) => form.setFieldValue("events", withNumber(form.values.events, one.value, number))}
        />
      ))}
      <TagsInput
        label="Instances"
        description="Names, each followed by Enter. Empty: all"
        {...form.field("instances")}
      />
      {subscription && (
        <Switch
          label="On"
          description="Switched off, it gives up what still waits for it"
          {...form.field("active", { type: "checkbox" })}
        />
      )}
    </Form>
  );
}

interface OverdueProps {
  label: string;
  unit: string;
  initial: number;
  number: number | undefined;
  onChange: (number: number | undefined) => void;
}

/** An event that begins when something has not happened for a time, with that time. */
function Overdue({ label, unit, initial, number, onChange }: OverdueProps) {
  return (
    <Group gap="xs">
      <Checkbox
        label={label}
        checked={number !== undefined}
        onChange={(event) => onChange(event.currentTarget.checked ? initial : undefined)}
      />
      <NumberInput
        aria-label={`${label}: ${unit}`}
        size="xs"
        w={80}
        min={1}
        max={9999}
        allowDecimal={false}
        disabled={number === undefined}
        value={number ?? initial}
        onChange={(value) => onChange(Number(value) || initial)}
      />
      <Text size="sm">{unit}</Text>
    </Group>
  );
}

function draftOf({ name, where, events, instances, active, format }: Subscription): Draft {
  return { name, where, events, instances, active, format };
}
