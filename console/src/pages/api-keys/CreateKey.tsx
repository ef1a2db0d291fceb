import { Alert, Button, Group, NumberInput, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { ROLE_HINTS, ROLE_NAMES, type RoleName, roleWord, useSession } from "~/api/session";
import { FormModal, useFormModal } from "~/components/FormModal";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Secret } from "~/components/Secret";

/** Making a key, and showing it the one time that it can be shown. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const [created, setCreated] = useState<Schema<"CreatedKey">>();
  const title = created ? `API key ${created.apiKey.name}` : "Create API key";
  // Once the key is shown, a click beside the dialog must not lose it.
  return (
    <FormModal onClose={onClose} title={title} closeOnClickOutside={!created} closeOnEscape={!created} size="lg">
      {created ? <ShownOnce created={created} onClose={onClose} /> : <Form onCreated={setCreated} />}
    </FormModal>
  );
}

function Form({ onCreated }: { onCreated: (created: Schema<"CreatedKey">) => void }) {
  const own = useSession().data?.role ?? "runner";
  const [name, setName] = useState("");
  const [role, setRole] = useState<RoleName>("runner");
  const [days, setDays] = useState<number | string>(90);
  const { close } = useFormModal(name !== "");
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () => api.post("/api/v1/api-keys", { body: { name, role, days: days === "" ? null : Number(days) } }),
    onSuccess: (created) => {
      void queries.invalidateQueries({ queryKey: ["api-keys"] });
      onCreated(created as Schema<"CreatedKey">);
    },
  });
  const problem = create.error ? asProblem(create.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {problem && problem.errors.length === 0 && <ProblemAlert error={create.error} />}
        <TextInput
          label="Name"
          description="Which program it is for"
          required
          data-autofocus
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem?.at("name")}
        />
        <RoleChoice value={role} onChange={setRole} most={own as RoleName} />
        <NumberInput
          label="Expires after days"
          description="Empty: never"
          min={1}
          max={3650}
          allowDecimal={false}
          value={days}
          onChange={setDays}
          error={problem?.at("days")}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={!name.trim()}>
            Create API key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface RoleChoiceProps {
  value: RoleName;
  onChange: (role: RoleName) => void;
  /** Roles above this one are not offered. */
  most?: RoleName;
}

export function RoleChoice({ value, onChange, most = "platform_admin" }: RoleChoiceProps) {
  const offered = ROLE_NAMES.slice(0, ROLE_NAMES.indexOf(most) + 1);
  return (
    <Radio.Group label="Role" value={value} onChange={(role) => onChange(role as RoleName)}>
      <Stack gap={6} mt={6}>
        {offered.map((role) => (
          <Radio key={role} value={role} label={roleWord(role)} description={ROLE_HINTS[role]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function ShownOnce({ created, onClose }: { created: Schema<"CreatedKey">; onClose: () => void }) {
  return (
    <Stack gap="md">
      <Alert color="yellow" title="Copy the key now" styles={{ title: { color: "var(--sl-warn-text)" } }}>
        It is shown this one time. Only a hash of it is stored, so nobody can show it again.
      </Alert>
      <Secret value={created.key} what="API key" />
      <Text size="sm" c="dimmed">
        Send it as <code>Authorization: ApiKey {created.apiKey.prefix}_…</code>
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
