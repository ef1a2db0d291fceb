import { NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { refetch } from "~/api/query";
import { type RoleName, useSession } from "~/api/session";
import { Form } from "~/components/form/Form";
import { FormModal } from "~/components/form/FormModal";
import { RoleChoice } from "~/components/form/RoleChoice";
import { useApiForm } from "~/components/form/useApiForm";
import { ShownOnce } from "~/components/ShownOnce";

/** Making a key, and showing it the one time that it can be shown. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const [created, setCreated] = useState<Schema<"CreatedKey">>();
  const title = created ? `API key ${created.apiKey.name}` : "Create API key";
  // Once the key is shown, a click beside the dialog must not lose it.
  return (
    <FormModal onClose={onClose} title={title} closeOnClickOutside={!created} closeOnEscape={!created} size="lg">
      {created ? (
        <ShownOnce
          value={created.key}
          what="API key"
          title="Copy the key now"
          use={<Use prefix={created.apiKey.prefix} />}
          onClose={onClose}
        >
          It is shown this one time. Only a hash of it is stored, so nobody can show it again.
        </ShownOnce>
      ) : (
        <Fields onCreated={setCreated} />
      )}
    </FormModal>
  );
}

function Use({ prefix }: { prefix: string }) {
  return (
    <>
      Send it as <code>Authorization: ApiKey {prefix}_…</code>
    </>
  );
}

function Fields({ onCreated }: { onCreated: (created: Schema<"CreatedKey">) => void }) {
  const own = (useSession().data?.role ?? "runner") as RoleName;
  const form = useApiForm({
    initial: { name: "", role: "runner" as RoleName, days: 90 as number | "" },
    send: ({ days, ...rest }) => api.post("/api/v1/api-keys", { body: { ...rest, days: days === "" ? null : days } }),
    onSent: (created) => {
      void refetch("api-keys");
      onCreated(created);
    },
    staysOpen: () => true,
  });
  return (
    <Form form={form} submit="Create API key" ready={form.values.name.trim() !== ""}>
      <TextInput
        label="Name"
        description="Which program it is for"
        required
        data-autofocus
        autoComplete="off"
        {...form.field("name")}
      />
      <RoleChoice most={own} {...form.field("role")} />
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
