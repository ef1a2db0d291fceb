import { Group, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, quoted } from "~/api/client";
import { refetch } from "~/api/query";
import { type ApiForm, Form, FormModal, useApiForm } from "~/components/form/form";
import { instanceKind, useInstance } from "~/components/pick/choices";
import { NoMapping, Pick } from "~/components/pick/Pick";
import { toast } from "~/components/toast";
import { type Hook, SCHEMES, type Signature } from "./words";

interface Props {
  /** The hook to edit; without it a new one is made. */
  hook?: Hook | undefined;
  onClose: () => void;
  /** Closes it, too. */
  onMade: (hook: Hook) => void;
}

/** Making and editing a hook; its secret is given apart. */
export function HookForm({ hook, onClose, onMade }: Props) {
  const title = hook ? `Edit webhook ${hook.name}` : "New webhook";
  const [made, setMade] = useState<Hook>();
  return (
    <FormModal onClose={() => (made ? onMade(made) : onClose())} title={title} size="lg" part="edit">
      <Fields hook={hook} onMade={setMade} />
    </FormModal>
  );
}

interface Draft {
  name: string;
  instance: string;
  entityType: string;
  sourceIds: string;
  signature: Signature;
  enabled: boolean;
}

function draftOf(hook: Hook | undefined): Draft {
  const none = { header: "", encoding: "hex", prefix: "", idHeader: "", publicKey: "" };
  const given = Object.entries(hook?.signature ?? {}).filter(([, value]) => value !== null);
  return {
    name: hook?.name ?? "",
    instance: hook?.instance ?? "",
    entityType: hook?.entityType ?? "",
    sourceIds: hook?.sourceIds ?? SCHEMES.shopify.sourceIds,
    signature: { scheme: "shopify", ...none, ...Object.fromEntries(given) },
    enabled: hook?.enabled ?? true,
  };
}

/** What the scheme asks for; the rest is as it is by default. */
function signatureOf({ scheme, header, encoding, prefix, idHeader, publicKey }: Signature): Signature {
  const none = { scheme, header: null, encoding: "hex", prefix: "", idHeader: null, publicKey: null };
  if (scheme === "wix") return { ...none, publicKey: publicKey || null };
  if (scheme !== "hmac") return none;
  return { ...none, header: header || null, encoding, prefix, idHeader: idHeader || null };
}

function Fields({ hook, onMade }: Omit<Props, "onClose">) {
  const form = useApiForm({
    initial: draftOf(hook),
    edited: {
      kind: "hook",
      name: hook?.name ?? null,
      version: hook ? quoted(hook.etag) : null,
      newest: async () => {
        const found = await api.get("/api/v1/inbound-webhooks/{name}", { path: { name: hook?.name ?? "" } });
        return { values: draftOf(found), version: quoted(found.etag) };
      },
    },
    send: (draft, _, version) => {
      const body = {
        ...draft,
        name: draft.name.trim() || `${draft.instance} ${draft.entityType}`,
        signature: signatureOf(draft.signature),
      };
      if (!hook) return api.post("/api/v1/inbound-webhooks", { body });
      const request = { path: { name: hook.name }, header: { "if-match": version } };
      return api.put("/api/v1/inbound-webhooks/{name}", { ...request, body });
    },
    onSent: (saved) => {
      void refetch("hooks");
      toast.done(`Webhook ${saved.name} is ${hook ? "saved" : "created"}`);
      if (!hook) onMade(saved);
    },
  });
  const draft = form.values;
  return (
    <Form
      form={form}
      submit={hook ? "Save" : "Create webhook"}
      ready={draft.instance !== "" && draft.entityType !== ""}
    >
      <What form={form} fixed={hook !== undefined} />
      <Select
        label="Sender"
        description="By whose scheme what is sent is signed"
        allowDeselect={false}
        data={Object.entries(SCHEMES).map(([value, { label }]) => ({ value, label }))}
        {...form.field("signature.scheme")}
        onChange={(value) => {
          const scheme = value as Signature["scheme"];
          const usual = draft.sourceIds === SCHEMES[draft.signature.scheme].sourceIds;
          form.setFieldValue("signature.scheme", scheme);
          if (usual) form.setFieldValue("sourceIds", SCHEMES[scheme].sourceIds);
        }}
      />
      {draft.signature.scheme === "wix" && (
        <Textarea
          label="Public key"
          description="Of your app's Webhooks page"
          autosize
          minRows={3}
          {...form.field("signature.publicKey")}
        />
      )}
      {draft.signature.scheme === "hmac" && <Hmac form={form} />}
      <TextInput
        label="Source IDs"
        description="Path to them in what is received: one ID or a list"
        required
        placeholder="lines[].sku"
        {...form.field("sourceIds")}
      />
      <Switch label="Enabled: runs come of what it receives" {...form.field("enabled", { type: "checkbox" })} />
    </Form>
  );
}

/** Where a sender without a scheme of its own has the signature. */
function Hmac({ form }: { form: ApiForm<Draft, Hook> }) {
  return (
    <>
      <Group grow align="flex-start">
        <TextInput label="Header" placeholder="X-Signature" required {...form.field("signature.header")} />
        <Select label="Encoding" allowDeselect={false} data={["hex", "base64"]} {...form.field("signature.encoding")} />
      </Group>
      <Group grow align="flex-start">
        <TextInput label="Prefix" placeholder="sha256=" {...form.field("signature.prefix")} />
        <TextInput label="Header of the delivery's ID" placeholder="None" {...form.field("signature.idHeader")} />
      </Group>
    </>
  );
}

/** Which records it is about, which never changes, and its name. */
function What({ form, fixed }: { form: ApiForm<Draft, Hook>; fixed: boolean }) {
  const draft = form.values;
  const instance = useInstance(fixed ? "" : draft.instance);
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
          onChange={(name, of) => {
            const types = of?.entityTypes ?? [];
            form.setValues({ instance: name, entityType: types.length === 1 ? (types[0]?.entityType ?? "") : "" });
          }}
        />
        <Select
          label="Entity type"
          required
          data={instance?.entityTypes.map((one) => one.entityType) ?? []}
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
