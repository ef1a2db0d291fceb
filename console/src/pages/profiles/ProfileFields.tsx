import { Grid, NumberInput, PasswordInput, Select, Stack, Switch } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "~/api/client";
import { helpOfSetting } from "~/app/help";
import { NameField, Panel } from "~/components/form/editor";
import type { ApiForm } from "~/components/form/form";
import { helped } from "~/components/Help";
import { type Draft, LIMITS, MASK, secretsOf } from "./draft";
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
  const chosen = connectors.find((one) => one.name === draft.connector);
  const mistake = (path: string) => form.errors[path] as string | undefined;
  return (
    <>
      <Panel>
        <Stack gap="sm">
          <NameField isNew={isNew} data-autofocus={isNew || undefined} {...field("name")} />
          <Select
            label="Connector"
            description={chosen?.description}
            data={connectors.map((one) => ({
              value: one.name,
              label: one.driverMissing ? `${one.title} (driver not installed)` : one.title,
            }))}
            allowDeselect={false}
            maw={420}
            {...field("connector")}
            error={chosen?.driverMissing ?? field("connector").error}
            {...helped(helpOfSetting(draft.connector), chosen?.title ?? draft.connector)}
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
          help={(path) => helpOfSetting(draft.connector, path)}
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

const WHOLE = ["maxConcurrent", "retry.retries"];

/** How much the system stands, and how its failures are tried again. */
function Limits({ form }: { form: ApiForm<Draft> }) {
  return (
    <Panel name="Limits" titled>
      <Grid gap="sm" columns={6}>
        {LIMITS.map(([path, otherwise, width, label, description]) => (
          <Grid.Col key={path} span={{ base: 6, xs: width }}>
            <NumberInput
              label={label}
              description={description}
              allowDecimal={!WHOLE.includes(path)}
              hideControls={!WHOLE.includes(path)}
              {...form.field(path)}
              value={form.field(path).value ?? ""}
              onChange={(value) => form.setFieldValue(path, value === "" ? otherwise : Number(value))}
            />
          </Grid.Col>
        ))}
      </Grid>
    </Panel>
  );
}
