import { Button, Checkbox, Group, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { asProblem, fieldOf, type Problem } from "~/api/problem";
import { links } from "~/app/links";
import { FormModal, useFormModal } from "~/components/FormModal";
import { destination } from "~/components/PageLink";
import { ProblemAlert } from "~/components/ProblemAlert";
import { toast } from "~/components/toast";
import { calls, type Draft, EVENTS, type Kind, type Saved, type Subscription } from "./kinds";
import { ShownOnce } from "./ShownOnce";

interface Props {
  kind: Kind;
  /** What is changed; without it a new one is made. */
  subscription?: Subscription;
  etag?: string | null;
  onClose: () => void;
}

const FIELDS = ["name", "url", "addresses", "events", "instances"];

/** Whether all that is wrong stands beside the inputs already. */
function isBesideFields(problem: Problem): boolean {
  return problem.errors.length > 0 && problem.errors.every((error) => FIELDS.includes(fieldOf(error.path)));
}

/** Makes or changes a webhook or an e-mail subscription. */
export function Edit({ kind, subscription, etag = null, onClose }: Props) {
  const [saved, setSaved] = useState<Saved>();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const what = kind === "email" ? "e-mail" : "webhook";
  const save = useMutation({
    mutationFn: (draft: Draft) =>
      subscription ? calls[kind].change(subscription.id, draft, etag) : calls[kind].create(draft),
    onSuccess: (result) => {
      void queries.invalidateQueries({ queryKey: ["notifications"] });
      if (result.secret) setSaved(result);
      else finish(result);
    },
  });
  const finish = (result: Saved) => {
    onClose();
    toast.done(`${result.name} is ${subscription ? "changed" : "added"}`);
    if (!subscription) void navigate({ ...destination(links.notification(kind, result.id)), ignoreBlocker: true });
  };
  const title = saved ? `Secret of ${saved.name}` : subscription ? `Edit ${subscription.name}` : `Add ${what}`;
  return (
    <FormModal onClose={onClose} title={title} size="lg" closeOnClickOutside={!saved} closeOnEscape={!saved}>
      {saved?.secret ? (
        <ShownOnce secret={saved.secret} onClose={() => finish(saved)} />
      ) : (
        <Form
          kind={kind}
          initial={subscription}
          problem={save.error ? asProblem(save.error) : undefined}
          saving={save.isPending}
          onSave={save.mutate}
        />
      )}
    </FormModal>
  );
}

interface FormProps {
  kind: Kind;
  initial: Subscription | undefined;
  problem: Problem | undefined;
  saving: boolean;
  onSave: (draft: Draft) => void;
}

const EMPTY: Draft = { name: "", where: [], events: EVENTS.map((one) => one.value), instances: [], active: true };

function Form({ kind, initial, problem, saving, onSave }: FormProps) {
  const [first] = useState<Draft>(() => (initial ? pick(initial) : EMPTY));
  const [draft, setDraft] = useState(first);
  const { close } = useFormModal(JSON.stringify(draft) !== JSON.stringify(first));
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave(draft);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {problem && !isBesideFields(problem) && <ProblemAlert error={problem} shownElsewhere={FIELDS} />}
        <TextInput
          label="Name"
          required
          data-autofocus
          autoComplete="off"
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={problem?.at("name")}
        />
        <Where kind={kind} draft={draft} set={set} problem={problem} />
        <Checkbox.Group
          label="Tell when"
          description="Each is told once; the recovery comes with it"
          value={draft.events}
          onChange={(events) => set({ events })}
          error={problem?.at("events")}
        >
          <Stack gap={6} mt={6}>
            {EVENTS.map((one) => (
              <Checkbox key={one.value} value={one.value} label={one.label} description={one.hint} />
            ))}
          </Stack>
        </Checkbox.Group>
        <TagsInput
          label="Instances"
          description="Names, each followed by Enter. Empty: all"
          value={draft.instances}
          onChange={(instances) => set({ instances })}
          error={problem?.at("instances")}
        />
        {initial && (
          <Switch
            label="On"
            description="Switched off, it gives up what still waits for it"
            checked={draft.active}
            onChange={(event) => set({ active: event.currentTarget.checked })}
          />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving} disabled={!draft.name.trim() || draft.where.length === 0}>
            {initial ? "Save" : "Add"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function pick({ name, where, events, instances, active }: Subscription): Draft {
  return { name, where, events, instances, active };
}

interface WhereProps {
  kind: Kind;
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  problem: Problem | undefined;
}

function Where({ kind, draft, set, problem }: WhereProps) {
  if (kind === "email")
    return (
      <TagsInput
        label="Addresses"
        description="Each followed by Enter; one mail goes to all of them"
        required
        value={draft.where}
        onChange={(where) => set({ where })}
        splitChars={[",", ";", " "]}
        acceptValueOnBlur
        error={problem?.at("addresses")}
      />
    );
  return (
    <TextInput
      label="URL"
      description="Signed events are sent there by POST"
      placeholder="https://example.com/hooks/syncline"
      required
      type="url"
      autoComplete="off"
      value={draft.where[0] ?? ""}
      onChange={(event) => set({ where: event.currentTarget.value ? [event.currentTarget.value] : [] })}
      error={problem?.at("url")}
    />
  );
}
