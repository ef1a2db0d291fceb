import { TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { refetch } from "~/api/query";
import { useSession } from "~/api/session";
import { Form } from "~/components/form/Form";
import { FormModal } from "~/components/form/FormModal";
import { useApiForm } from "~/components/form/useApiForm";
import { ShownOnce } from "~/components/ShownOnce";
import { type Access, RoleAndTenants } from "./Fields";

/** Adding somebody: they choose their password at a link that is shown once. */
export function AddUser({ onClose }: { onClose: () => void }) {
  const [added, setAdded] = useState<Schema<"InvitedUser">>();
  return (
    <FormModal onClose={onClose} title={added ? added.user.name : "Add user"} closeOnClickOutside={!added} size="lg">
      {added ? (
        <Invitation name={added.user.name} link={added.passwordLink.link} onClose={onClose} />
      ) : (
        <Fields onAdded={setAdded} />
      )}
    </FormModal>
  );
}

function Fields({ onAdded }: { onAdded: (added: Schema<"InvitedUser">) => void }) {
  const here = useSession().data?.tenant ?? "default";
  const form = useApiForm({
    initial: { name: "", role: "user", tenants: [here] } as Access & { name: string },
    send: (body) => api.post("/api/v1/users", { body }),
    onSent: (added) => {
      void refetch("users");
      onAdded(added);
    },
    staysOpen: () => true,
  });
  return (
    <Form form={form} submit="Add user" ready={form.values.name.trim() !== ""}>
      <TextInput
        label="Name"
        description="What they sign in with, such as an e-mail address"
        required
        data-autofocus
        autoComplete="off"
        {...form.field("name")}
      />
      <RoleAndTenants form={form} />
    </Form>
  );
}

/** A link at which somebody chooses a password. */
export function Invitation({ name, link, onClose }: { name: string; link: string; onClose: () => void }) {
  return (
    <ShownOnce value={location.origin + link} what="link" done="Done" onClose={onClose}>
      Give this link to {name} and to nobody else. There they choose a password. It works once, for 24 hours, and is not
      shown again.
    </ShownOnce>
  );
}
