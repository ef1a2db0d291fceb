import type { Schema } from "~/api/client";
import { counts, type Property, pruned, type Values } from "./schemaForm";

export type Profile = Schema<"ProfileView">;

/** Stands for a stored secret; sent back, it keeps it. */
export const MASK = "***";

type Given = "name" | "connector" | "active" | "maxConcurrent" | "rate" | "retry" | "secrets";
/** A profile as the form has it. */
export type Draft = Pick<Profile, Given> & { config: Values };

export function emptyDraft(connector: string): Draft {
  return {
    name: "",
    connector,
    config: {},
    secrets: {},
    active: true,
    maxConcurrent: 10,
    rate: null,
    retry: { retries: 3, base: 2, cap: 32 },
  };
}

export function draftOf(profile: Draft): Draft {
  const { name, connector, config, secrets, active, maxConcurrent, rate, retry } = profile;
  return { name, connector, config, secrets, active, maxConcurrent, rate, retry };
}

/** What is sent: without settings and secrets that do not count for the chosen login. */
export function bodyOf(draft: Draft, schema: Property): Schema<"ProfileBody"> {
  const config = schema.properties?.config ?? {};
  const secrets = secretsOf(draft, schema).map(([name]) => name);
  const body = {
    ...draft,
    name: draft.name.trim(),
    config: pruned(config, config, draft.config),
    secrets: Object.fromEntries(
      Object.entries(draft.secrets).filter(([name, value]) => secrets.includes(name) && value),
    ),
  };
  // The generated type of an open object takes no value at all.
  return body as unknown as Schema<"ProfileBody">;
}

/** Secrets that the form asks for. */
export function secretsOf(draft: Draft, schema: Property): [string, Property][] {
  const config = schema.properties?.config ?? {};
  const secrets = Object.entries(schema.properties?.secrets?.properties ?? {});
  return secrets.filter(([, property]) => counts(property, config, draft.config));
}

/** Limits by their path, with what an empty field means and how many sixths of the width they take. */
export const LIMITS = [
  ["maxConcurrent", 10, 3, "Max Concurrent", "Calls in flight, over all runs: 1 to 100"],
  ["rate", null, 3, "Calls per second", "Empty: no limit"],
  ["retry.retries", 3, 2, "Retries", "After the first attempt: 0 to 10"],
  ["retry.base", 2, 2, "First delay", "Seconds; each next one 4 times longer"],
  ["retry.cap", 32, 2, "Longest delay", "Seconds that no delay exceeds"],
] as const;

/** What the form calls a field: `["retry", "cap"]` is "Longest delay". */
export function labelAt(schema: Property, path: string[]): string | undefined {
  let property: Property | undefined = schema;
  for (const name of path) property = property?.properties?.[name];
  return LIMITS.find(([limit]) => limit === path.join("."))?.[3] ?? property?.title;
}
