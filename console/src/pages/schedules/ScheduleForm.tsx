import { Grid, Group, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, quoted, type Schema } from "~/api/client";
import { asProblem, errorsByField } from "~/api/problem";
import { refetch } from "~/api/query";
import { type ApiForm, Form, FormModal, useApiForm } from "~/components/form/form";
import { instanceKind, useInstance } from "~/components/pick/choices";
import { NoMapping, Pick } from "~/components/pick/Pick";
import { toast } from "~/components/toast";
import { zones } from "~/state/zone";
import { Timing } from "./Timing";
import { Upcoming, usePreview } from "./Upcoming";
import { type Draft, draftOf, type Schedule, timingOf } from "./words";

interface Props {
  /** The schedule to edit; without it a new one is made. */
  schedule?: Schedule | undefined;
  known?: Partial<Draft>;
  onClose: () => void;
}

/** Making and editing a schedule, with what it will do beside it. */
export function ScheduleForm({ schedule, known, onClose }: Props) {
  const title = schedule ? `Edit schedule ${schedule.name}` : "New schedule";
  return (
    <FormModal onClose={onClose} title={title} size={860} part="edit">
      <Fields schedule={schedule} known={known ?? {}} />
    </FormModal>
  );
}

const ZONES = [...new Set(["UTC", ...zones()])];

function Fields({ schedule, known }: Omit<Props, "onClose">) {
  const [initial] = useState(() => draftOf(schedule, known));
  const form = useApiForm({
    initial,
    edited: {
      kind: "schedule",
      name: schedule?.name ?? null,
      version: schedule ? quoted(schedule.etag) : null,
      newest: async () => {
        const found = await api.get("/api/v1/schedules/{name}", { path: { name: schedule?.name ?? "" } });
        return { values: draftOf(found), version: quoted(found.etag) };
      },
    },
    names: { cadence: "cron" },
    send: (draft, _, version) => {
      const { instance, entityType, timezone, enabled } = draft;
      const name = draft.name.trim() || null;
      const body = { name, instance, entityType, timezone, enabled, ...timingOf(draft) };
      if (!schedule) return api.post("/api/v1/schedules", { body });
      const request = { path: { name: schedule.name }, header: { "if-match": version } };
      return api.put("/api/v1/schedules/{name}", { ...request, body });
    },
    onSent: (saved) => {
      void refetch("schedules");
      toast.done(schedule ? `Schedule ${schedule.name} is saved` : `Schedule ${saved.name} is created`);
    },
  });
  const draft = form.values;
  const { preview, error, busy } = usePreview(draft);
  const timing = error ? errorsByField(asProblem(error), { cadence: "cron" }) : form.errors;
  return (
    <Form
      form={form}
      submit={schedule ? "Save" : "Create schedule"}
      ready={draft.instance !== "" && draft.entityType !== "" && !error}
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, sm: 6 }}>
          <Stack gap="sm">
            <What form={form} fixed={schedule !== undefined} />
            <Timing draft={draft} set={form.setValues} error={timing.cron as string | undefined} />
            <Select
              label="Time zone"
              description="By its clock; clock changes are taken care of"
              searchable
              allowDeselect={false}
              limit={200}
              data={ZONES.includes(draft.timezone) ? ZONES : [draft.timezone, ...ZONES]}
              {...form.field("timezone")}
              error={timing.timezone}
            />
            <Switch label="Enabled" {...form.field("enabled", { type: "checkbox" })} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, sm: 6 }}>
          <Upcoming preview={preview} error={error} busy={busy} />
        </Grid.Col>
      </Grid>
    </Form>
  );
}

/** What it syncs, which never changes, and its name. */
function What({ form, fixed }: { form: ApiForm<Draft, Schedule>; fixed: boolean }) {
  const draft = form.values;
  const instance = useInstance(fixed ? "" : draft.instance);
  const types = instance?.entityTypes.map((one) => one.entityType) ?? [];
  const choose = (name: string, of: Schema<"InstanceView"> | undefined) => {
    const only = of?.entityTypes ?? [];
    form.setValues({ instance: name, entityType: only.length === 1 ? (only[0]?.entityType ?? "") : "" });
  };
  if (fixed)
    return (
      <Group grow>
        <TextInput label="Instance" value={draft.instance} disabled />
        <TextInput label="Entity type" value={draft.entityType} disabled />
      </Group>
    );
  return (
    <>
      <Group grow align="flex-start">
        <Pick
          kind={instanceKind}
          label="Instance"
          required
          data-autofocus
          {...form.field("instance")}
          onChange={choose}
        />
        <Select
          label="Entity type"
          required
          data={types}
          disabled={!draft.instance}
          nothingFoundMessage={<NoMapping instance={draft.instance} />}
          {...form.field("entityType")}
          value={draft.entityType || null}
          onChange={(entityType) => form.setFieldValue("entityType", entityType ?? "")}
        />
      </Group>
      <TextInput
        label="Name"
        placeholder={draft.instance ? `${draft.instance} ${draft.entityType}`.trim() : "Instance and entity type"}
        autoComplete="off"
        {...form.field("name")}
      />
    </>
  );
}
