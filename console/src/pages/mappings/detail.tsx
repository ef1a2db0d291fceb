import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { useHeld } from "~/components/form/unsaved";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import type { Knowledge, Shape } from "./completion";
import { MappingWorkbench } from "./MappingWorkbench";

export default function MappingPage() {
  return <Loaded name={useParams({ from: "/signed-in/mappings/$name" }).name} />;
}

export function NewMappingPage() {
  return <Loaded />;
}

function Loaded({ name }: { name?: string }) {
  const stored = useQuery({
    queryKey: ["mapping-config", name],
    queryFn: () => api.getTagged("/api/v1/mapping-configs/{name}", { path: { name: name as string } }),
    enabled: name !== undefined,
    refetchOnWindowFocus: false,
    placeholderData: undefined,
  });
  const known = useKnowledge();
  const { shown, hold } = useHeld(stored.data);
  if (stored.error && !shown) {
    return (
      <>
        <PageHeader title={name ?? "Mapping"} parent={{ title: "Mappings", to: links.mappings() }} />
        <ProblemAlert error={stored.error} onRetry={() => void stored.refetch()} />
      </>
    );
  }
  if (name !== undefined && !shown) return <Skeleton height={480} />;
  return <MappingWorkbench key={shown?.etag ?? "new"} stored={shown ?? null} known={known} hold={hold} />;
}

/** What the editor completes: the JSON Schema and the transformers of this installation. */
function useKnowledge(): Knowledge | undefined {
  const query = useQuery({
    queryKey: ["schema", "mapping"],
    queryFn: async (): Promise<Knowledge> => {
      const found = await api.get("/api/v1/schemas/{kind}", { path: { kind: "mapping" } });
      return { shape: found.jsonSchema as Shape, transformers: found.transformers };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return query.data;
}
