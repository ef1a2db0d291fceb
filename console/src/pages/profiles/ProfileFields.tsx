import { Grid, NumberInput, Paper, PasswordInput, Select, Stack, Switch, TextInput, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "~/api/client";
import { type Draft, MASK, secretsOf } from "./draft";
import { SchemaForm } from "./SchemaForm";
import type { Property } from "./schemaForm";

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
  connectors: Schema<"ConnectorView">[];
  schema: Property;
  isNew: boolean;
  /** Names of the secrets that are stored. */
  stored: Record<string, string>;
  mistake: (path: string) => string | undefined;
  /** Between how it is reached and its limits. */
  children: ReactNode;
}

/** The form: what it is, how it is reached, its secrets, and how much it stands. */
export function ProfileFields({ draft, onChange, connectors, schema, isNew, stored, mistake, children }: Props) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  const secrets = secretsOf(draft, schema);
  return (
    <>
      <Paper withBorder bg="var(--sl-surface)" p="md">
        <Stack gap="sm">
          <TextInput
            label="Name"
            description="Letters, digits, space, dot, dash; it never changes."
            withAsterisk
            value={draft.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            error={mistake("name")}
            readOnly={!isNew}
            variant={isNew ? "default" : "filled"}
            data-autofocus={isNew || undefined}
            maw={420}
          />
          <Select
            label="Connector"
            description={connectors.find((one) => one.name === draft.connector)?.description}
            data={connectors.map((one) => ({ value: one.name, label: one.title }))}
            value={draft.connector}
            allowDeselect={false}
            onChange={(connector) => connector && set({ connector, config: {}, secrets: {} })}
            error={mistake("connector")}
            maw={420}
          />
          <Switch
            label="Active: instances may use it"
            checked={draft.active}
            onChange={(event) => set({ active: event.currentTarget.checked })}
          />
        </Stack>
      </Paper>
      <Paper withBorder bg="var(--sl-surface)" p="md" component="section" aria-label="Connection">
        <Title order={2} size={16} mb="sm">
          Connection
        </Title>
        <SchemaForm
          key={draft.connector}
          schema={schema.properties?.config ?? {}}
          values={draft.config}
          onChange={(config) => set({ config })}
          mistake={(path) => mistake(`config.${path}`)}
        />
        {secrets.length > 0 && (
          <Stack gap="sm" mt="sm">
            {secrets.map(([name, property]) => (
              <Secret
                key={name}
                label={property.title ?? name}
                stored={name in stored}
                value={draft.secrets[name] ?? ""}
                error={mistake(`secrets.${name}`)}
                onChange={(value) => set({ secrets: { ...draft.secrets, [name]: value } })}
              />
            ))}
          </Stack>
        )}
      </Paper>
      {children}
      <Limits draft={draft} set={set} mistake={mistake} />
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

interface LimitsProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  mistake: (path: string) => string | undefined;
}

/** How much the system stands, and how its failures are tried again. */
function Limits({ draft, set, mistake }: LimitsProps) {
  const { retry } = draft;
  const number = (value: number | string, otherwise: number) => (value === "" ? otherwise : Number(value));
  return (
    <Paper withBorder bg="var(--sl-surface)" p="md" component="section" aria-label="Limits">
      <Title order={2} size={16} mb="sm">
        Limits
      </Title>
      <Grid gap="sm">
        <Grid.Col span={{ base: 12, xs: 6 }}>
          <NumberInput
            label="Max Concurrent"
            description="Calls in flight, over all runs: 1 to 100"
            value={draft.maxConcurrent}
            onChange={(value) => set({ maxConcurrent: number(value, 10) })}
            error={mistake("maxConcurrent")}
            allowDecimal={false}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 6 }}>
          <NumberInput
            label="Calls per second"
            description="Empty: no limit"
            value={draft.rate ?? ""}
            onChange={(value) => set({ rate: value === "" ? null : Number(value) })}
            error={mistake("rate")}
            hideControls
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 4 }}>
          <NumberInput
            label="Retries"
            description="After the first attempt: 0 to 10"
            value={retry.retries}
            onChange={(value) => set({ retry: { ...retry, retries: number(value, 3) } })}
            error={mistake("retry.retries")}
            allowDecimal={false}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 4 }}>
          <NumberInput
            label="First delay"
            description="Seconds; each next one 4 times longer"
            value={retry.base}
            onChange={(value) => set({ retry: { ...retry, base: number(value, 2) } })}
            error={mistake("retry.base")}
            hideControls
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 4 }}>
          <NumberInput
            label="Longest delay"
            description="Seconds that no delay exceeds"
            value={retry.cap}
            onChange={(value) => set({ retry: { ...retry, cap: number(value, 32) } })}
            error={mistake("retry.cap")}
            hideControls
          />
        </Grid.Col>
      </Grid>
    </Paper>
  );
}
