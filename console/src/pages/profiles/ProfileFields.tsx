import { Grid, NumberInput, PasswordInput, Select, Stack, Switch, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "~/api/client";
import { Panel } from "~/components/form/editor";
import type { ApiForm } from "~/components/form/useApiForm";
import { type Draft, MASK, secretsOf } from "./draft";
import { SchemaForm } from "./SchemaForm";
import type { Property } from "./schemaForm";

interface Props {
  form: ApiForm<Draft>;
  connectors: Schema<"ConnectorView">[];
  schema: Property;
  isNew: boolean;
  /** Names of the secrets that are stored. */
  stored: Record<string, string>;
  /** Between how it is reached and its limits. */
  children: ReactNode;
}

/** The form: what it is, how it is reached, its secrets, and how much it stands. */
export function ProfileFields({ form, connectors, schema, isNew, stored, children }: Props) {
  const { field, setValues, values: draft } = form;
  const secrets = secretsOf(draft, schema);
  const mistake = (path: string) => form.errors[path] as string | undefined;
  return (
    <>
      <Panel>
        <Stack gap="sm">
          <TextInput
            label="Name"
            description="Letters, digits, space, dot, dash; it never changes."
            withAsterisk
            readOnly={!isNew}
            variant={isNew ? "default" : "filled"}
            data-autofocus={isNew || undefined}
            maw={420}
            {...field("name")}
          />
          <Select
            label="Connector"
            description={connectors.find((one) => one.name === draft.connector)?.description}
            data={connectors.map((one) => ({ value: one.name, label: one.title }))}
            allowDeselect={false}
            maw={420}
            {...field("connector")}
            onChange={(connector) => connector && setValues({ connector, config: {}, secrets: {} })}
          />
          <Switch label="Active: instances may use it" {...field("active", { type: "checkbox" })} />
        </Stack>
      </Panel>
      <Panel name="Connection" titled>
        <SchemaForm
          key={draft.connector}
          schema={schema.properties?.config ?? {}}
          values={draft.config}
          onChange={(config) => setValues({ config })}
          mistake={(path) => mistake(`config.${path}`)}
        />
        <Stack gap="sm" mt={secrets.length > 0 ? "sm" : 0}>
          {secrets.map(([name, property]) => (
            <Secret
              key={name}
              label={property.title ?? name}
              stored={name in stored}
              value={draft.secrets[name] ?? ""}
              error={mistake(`secrets.${name}`)}
              onChange={(value) => setValues({ secrets: { ...draft.secrets, [name]: value } })}
            />
          ))}
        </Stack>
      </Panel>
      {children}
      <Limits form={form} />
    </>
  );
}

interface SecretProps {
  label: string;
  stored: boolean;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** A secret is written and never read: a stored one shows as stored, and typing replaces it. */
function Secret({ label, stored, value, error, onChange }: SecretProps) {
  const kept = value === MASK;
  return (
    <PasswordInput
      label={label}
      description={stored && kept ? "Stored. Type to replace it." : "Stored encrypted, and never shown again."}
      placeholder={kept ? "••••••••" : undefined}
      value={kept ? "" : value}
      onChange={(event) => onChange(event.currentTarget.value || (stored ? MASK : ""))}
      error={error}
      autoComplete="new-password"
      visibilityToggleButtonProps={{ "aria-label": `Show what was typed as ${label}` }}
      maw={420}
    />
  );
}

/** How much the system stands, and how its failures are tried again. */
function Limits({ form }: { form: ApiForm<Draft> }) {
  const number = (path: string, otherwise: number | null) => ({
    ...form.field(path),
    value: form.getInputProps(path).value ?? "",
    onChange: (value: number | string) => form.setFieldValue(path, value === "" ? otherwise : Number(value)),
  });
  return (
    <Panel name="Limits" titled>
      <Grid gap="sm">
        <Grid.Col span={{ base: 12, xs: 6 }}>
          <NumberInput
            label="Max Concurrent"
            description="Calls in flight, over all runs: 1 to 100"
            allowDecimal={false}
            {...number("maxConcurrent", 10)}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 6 }}>
          <NumberInput label="Calls per second" description="Empty: no limit" hideControls {...number("rate", null)} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 4 }}>
          <NumberInput
            label="Retries"
            description="After the first attempt: 0 to 10"
            allowDecimal={false}
            {...number("retry.retries", 3)}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 4 }}>
          <NumberInput
            label="First delay"
            description="Seconds; each next one 4 times longer"
            hideControls
            {...number("retry.base", 2)}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 4 }}>
          <NumberInput
            label="Longest delay"
            description="Seconds that no delay exceeds"
            hideControls
            {...number("retry.cap", 32)}
          />
        </Grid.Col>
      </Grid>
    </Panel>
  );
}
