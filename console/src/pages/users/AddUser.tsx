import { TextInput } from "@mantine/core";
import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { useSession } from "~/api/session";
import { FIRST, Form, FormModal, useApiForm } from "~/components/form/form";
import { ShownOnce } from "~/components/ShownOnce";
import { type Access, RoleAndTenants } from "./access";

/** Adding somebody: they choose their password at a link that is shown once. */
export function AddUser({ onClose }: { onClose: () => void }) {
  return (
    <FormModal onClose={onClose} title="Add user" size="lg">
      <Fields />
    </FormModal>
  );
}

function Fields() {
  const here = useSession().data?.tenant ?? "default";
  const form = useApiForm({
    initial: { name: "", role: "user", tenants: [here], seesPayloads: true } as Access & { name: string },
    send: (body) => api.post("/api/v1/users", { body }),
    onSent: () => refetch("users"),
    staysOpen: () => true,
  });
  if (form.result) return <Invitation name={form.result.user.name} link={form.result.passwordLink.link} />;
  return (
    <Form form={form} submit="Add user" ready={form.values.name.trim() !== ""}>
      <TextInput
        label="Name"
        description="What they sign in with, such as an e-mail address"
        {...FIRST}
        {...form.field("name")}
      />
      <RoleAndTenants form={form} />
    </Form>
  );
}

/** A link at which somebody chooses a password. */
export function Invitation({ name, link, onClose }: { name: string; link: string; onClose?: () => void }) {
  return (
    <ShownOnce value={location.origin + link} what="link" dialogTitle={name} done="Done" onClose={onClose}>
      Give this link to {name} and to nobody else. There they choose a password. It works once, for 24 hours, and is not
      shown again.
    </ShownOnce>
  );
}
