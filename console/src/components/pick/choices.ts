import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";

/** Something to choose: its name and how it is shown. */
export interface Choice<T = unknown> {
  value: string;
  label: string;
  /** What the API said of it. */
  of: T;
}

type Find<T> = (search: string) => Promise<{ items: T[]; next?: string | null }>;

/** What can be searched for by name, and how the API is asked. */
export interface Kind<T> {
  key: string;
  find: Find<T>;
  show: (one: T) => { value: string; label: string };
  /** Where a missing one is made. */
  create: { label: string; to: string };
}

const query = (search: string) => ({ query: { limit: 50, search } });

export const profileKind: Kind<Schema<"ProfileView">> = {
  key: "connection-profiles",
  find: (search) => api.get("/api/v1/connection-profiles", { ...query(search) }),
  show: (one) => ({ value: one.name, label: one.active ? one.name : `${one.name} (Inactive)` }),
  create: { label: "New connection profile", to: links.newProfile() },
};

export const mappingKind: Kind<Schema<"MappingView">> = {
  key: "mapping-configs",
  find: (search) => api.get("/api/v1/mapping-configs", { ...query(search) }),
  show: (one) => ({ value: one.name, label: `${one.name} (${one.entityType})` }),
  create: { label: "New mapping", to: links.newMapping() },
};

export const instanceKind: Kind<Schema<"InstanceView">> = {
  key: "instances",
  find: (search) => api.get("/api/v1/instances", { ...query(search) }),
  show: (one) => ({ value: one.name, label: `${one.name} (${one.source} to ${one.target})` }),
  create: { label: "New instance", to: links.newInstance() },
};

/** Names of instances alone. */
export const instanceNames: Kind<string> = {
  ...instanceKind,
  key: "instance-names",
  find: async (search) => ({ items: (await instanceKind.find(search)).items.map((one) => one.name) }),
  show: (one) => ({ value: one, label: one }),
};

/** Entity types of the mappings. */
export const entityTypes: Kind<string> = {
  key: "entity-types",
  find: async (search) => {
    const { items } = await api.get("/api/v1/mapping-configs", { ...query(search) });
    const types = new Set(items.map((one) => one.entityType));
    return { items: [...types].filter((one) => one.includes(search.toLowerCase())).sort() };
  },
  show: (one) => ({ value: one, label: one }),
  create: { label: "New mapping", to: links.newMapping() },
};

/**
 * What a picker offers: the server is asked when the typing pauses, so that the thousandth is found like the first.
 * `chosen` stay among the choices whatever is searched for.
 */
export function useSearched<T>(kind: Kind<T>, chosen: readonly string[]) {
  const [typed, setTyped] = useState("");
  const words = chosen.includes(typed) ? "" : typed;
  const [search] = useDebouncedValue(words.trim(), 200);
  const found = useQuery({ queryKey: [kind.key, "pick", search], queryFn: () => kind.find(search) });
  const choices: Choice<T>[] = (found.data?.items ?? []).map((one) => ({ ...kind.show(one), of: one }));
  const missing = chosen.filter((name) => name && choices.every((one) => one.value !== name));
  const data = [...missing.map((name) => ({ value: name, label: name })), ...choices];
  const more = Boolean(found.data?.next);
  return { data, choices, more, setTyped, error: found.error, loading: found.isPending, search };
}

/** The instance of that name with its entity types; undefined while it is not known, and for "". */
export function useInstance(name: string): Schema<"InstanceView"> | undefined {
  const found = useQuery({
    queryKey: ["instance", name],
    queryFn: () => api.getTagged("/api/v1/instances/{name}", { path: { name } }),
    enabled: name !== "",
  });
  return found.data?.value.name === name ? found.data.value : undefined;
}
