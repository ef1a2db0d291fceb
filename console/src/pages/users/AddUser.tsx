import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem } from "~/api/problem";
import { type RoleName, useSession } from "~/api/session";
import { FormModal, useFormModal } from "~/components/FormModal";
import { ProblemAlert } from "~/components/ProblemAlert";
import { Secret } from "~/components/Secret";
import { RoleAndTenants } from "./Fields";

/** Adding somebody: they choose their password at a link that is shown once. */
export function AddUser({ onClose }: { onClose: () => void }) {
  const [added, setAdded] = useState<Schema<"InvitedUser">>();
  return (
    <FormModal onClose={onClose} title={added ? added.user.name : "Add user"} closeOnClickOutside={!added} size="lg">
      {added ? (
        <Invitation name={added.user.name} link={added.passwordLink.link} onClose={onClose} />
      ) : (
        <Form onAdded={setAdded} />
      )}
    </FormModal>
  );
}

function Form({ onAdded }: { onAdded: (added: Schema<"InvitedUser">) => void }) {
  const here = useSession().data?.tenant ?? "default";
  const [name, setName] = useState("");
  const [access, setAccess] = useState<{ role: RoleName; tenants: string[] }>({ role: "user", tenants: [here] });
  const { close } = useFormModal(name !== "");
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () => api.post("/api/v1/users", { body: { name, ...access } }),
    onSuccess: (added) => {
      void queries.invalidateQueries({ queryKey: ["users"] });
      onAdded(added as Schema<"InvitedUser">);
    },
  });
  const problem = add.error ? asProblem(add.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) add.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {problem && problem.errors.length === 0 && <ProblemAlert error={add.error} />}
        <TextInput
          label="Name"
          description="What they sign in with, such as an e-mail address"
          required
          data-autofocus
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem?.at("name")}
        />
        <RoleAndTenants {...access} onChange={(change) => setAccess({ ...access, ...change })} problem={problem} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending} disabled={!name.trim()}>
            Add user
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A link at which somebody chooses a password. */
export function Invitation({ name, link, onClose }: { name: string; link: string; onClose: () => void }) {
  return (
    <Stack gap="md">
      <Text size="sm">
        Give this link to {name} and to nobody else. There they choose a password. It works once, for 24 hours, and is
        not shown again.
      </Text>
      <Secret value={location.origin + link} what="link" />
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
