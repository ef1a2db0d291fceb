import { Button, Grid, Group, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { FormModal, useFormModal } from "~/components/FormModal";
import { ProblemAlert } from "~/components/ProblemAlert";
import { instanceKind } from "~/components/pick/choices";
import { Pick } from "~/components/pick/Pick";
import { useInstance } from "~/components/pick/useInstance";
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
      <Form schedule={schedule} known={known ?? {}} />
    </FormModal>
  );
}

const SHOWN = ["name", "instance", "entityType", "cron", "cadence", "timezone"];
const ZONES = [...new Set(["UTC", ...zones()])];

function Form({ schedule, known }: Omit<Props, "onClose">) {
  const [initial] = useState(() => draftOf(schedule, known));
  const [draft, setDraft] = useState(initial);
  const { close, done } = useFormModal(JSON.stringify(draft) !== JSON.stringify(initial));
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const { preview, error: wrong, busy } = usePreview(draft);
  const save = useSave(schedule, draft, done);
  const problem = save.error ? asProblem(save.error) : undefined;
  const timing = wrong ? asProblem(wrong) : problem;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, sm: 6 }}>
            <Stack gap="sm">
              <What draft={draft} set={set} fixed={schedule !== undefined} at={(field) => problem?.at(field)} />
              <Timing draft={draft} set={set} error={timing?.at("cron") ?? timing?.at("cadence")} />
              <Select
                label="Time zone"
                description="By its clock; clock changes are taken care of"
                searchable
                allowDeselect={false}
                limit={200}
                data={ZONES.includes(draft.timezone) ? ZONES : [draft.timezone, ...ZONES]}
                value={draft.timezone}
                error={timing?.at("timezone")}
                onChange={(timezone) => timezone && set({ timezone })}
              />
              <Switch
                label="Enabled"
                checked={draft.enabled}
                onChange={(event) => set({ enabled: event.currentTarget.checked })}
              />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, sm: 6 }}>
            <Upcoming preview={preview} error={wrong} busy={busy} />
          </Grid.Col>
        </Grid>
        {problem && !problem.errors.every((one) => SHOWN.some((field) => one.path.startsWith(`$.${field}`))) && (
          <ProblemAlert error={save.error} shownElsewhere={SHOWN} />
        )}
        {problem && problem.errors.length === 0 && <ProblemAlert error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={!draft.instance || !draft.entityType || Boolean(wrong)}
          >
            {schedule ? "Save" : "Create schedule"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function useSave(schedule: Schedule | undefined, draft: Draft, onClose: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => {
      const { instance, entityType, timezone, enabled } = draft;
      const name = draft.name.trim() || null;
      const body = { name, instance, entityType, timezone, enabled, ...timingOf(draft) };
      if (!schedule) return api.post("/api/v1/schedules", { body });
      const params = { path: { name: schedule.name }, header: { "if-match": `"${schedule.etag}"` } };
      return api.put("/api/v1/schedules/{name}", { ...params, body });
    },
    onSuccess: (saved) => {
      void queries.invalidateQueries({ queryKey: ["schedules"] });
      toast.done(schedule ? `Schedule ${schedule.name} is saved` : `Schedule ${saved?.name} is created`);
      onClose();
    },
  });
}

interface WhatProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  /** What a schedule syncs never changes. */
  fixed: boolean;
  at: (field: string) => string | undefined;
}

function What({ draft, set, fixed, at }: WhatProps) {
  const instance = useInstance(fixed ? "" : draft.instance);
  const types = instance?.entityTypes.map((one) => one.entityType) ?? [];
  const choose = (name: string, of: Schema<"InstanceView"> | undefined) => {
    const only = of?.entityTypes ?? [];
    set({ instance: name, entityType: only.length === 1 ? (only[0]?.entityType ?? "") : "" });
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
          value={draft.instance}
          error={at("instance")}
          onPick={choose}
          data-autofocus
        />
        <Select
          label="Entity type"
          required
          data={types}
          value={draft.entityType || null}
          error={at("entityType")}
          disabled={!draft.instance}
          onChange={(entityType) => set({ entityType: entityType ?? "" })}
        />
      </Group>
      <TextInput
        label="Name"
        placeholder={draft.instance ? `${draft.instance} ${draft.entityType}`.trim() : "Instance and entity type"}
        autoComplete="off"
        value={draft.name}
        error={at("name")}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
    </>
  );
}
