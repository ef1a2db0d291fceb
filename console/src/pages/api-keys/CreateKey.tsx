import { NumberInput, TextInput } from "@mantine/core";
import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { type RoleName, useSession } from "~/api/session";
import { FIRST, Form, FormModal, useApiForm } from "~/components/form/form";
import { ShownOnce } from "~/components/ShownOnce";
import { PayloadChoice, RoleChoice } from "~/pages/users/access";

/** Making a key, and showing it the one time that it can be shown. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  return (
    <FormModal onClose={onClose} title="Create API key" size="lg">
      <Fields />
    </FormModal>
  );
}

function Fields() {
  const session = useSession().data;
  const own = (session?.role ?? "runner") as RoleName;
  const form = useApiForm({
    initial: { name: "", role: "runner" as RoleName, seesPayloads: false, days: 90 as number | "" },
    send: ({ days, ...rest }) => api.post("/api/v1/api-keys", { body: { ...rest, days: days === "" ? null : days } }),
    onSent: () => refetch("api-keys"),
    staysOpen: () => true,
  });
  if (form.result) {
    const { key, apiKey } = form.result;
    const use = (
      <>
        Send it as <code>Authorization: ApiKey {apiKey.prefix}_…</code>
      </>
    );
    return (
      <ShownOnce value={key} what="API key" dialogTitle={`API key ${apiKey.name}`} title="Copy the key now" use={use}>
        It is shown this one time. Only a hash of it is stored, so nobody can show it again.
      </ShownOnce>
    );
  }
  return (
    <Form form={form} submit="Create API key" ready={form.values.name.trim() !== ""}>
      <TextInput label="Name" description="Which program it is for" {...FIRST} {...form.field("name")} />
      <RoleChoice most={own} {...form.field("role")} />
      {session?.seesPayloads && <PayloadChoice {...form.field("seesPayloads", { type: "checkbox" })} />}
      <NumberInput
        label="Expires after days"
        description="Empty: never"
        min={1}
        max={3650}
        allowDecimal={false}
        {...form.field("days")}
      />
    </Form>
  );
}
