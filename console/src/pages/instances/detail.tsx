import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { useHeld } from "~/components/form/unsaved";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { InstanceEditor } from "./InstanceEditor";

export default function InstancePage() {
  return <Loaded name={useParams({ from: "/signed-in/instances/$name" }).name} />;
}

export function NewInstancePage() {
  return <Loaded />;
}

function Loaded({ name }: { name?: string }) {
  const stored = useQuery({
    queryKey: ["instance", name],
    queryFn: () => api.getTagged("/api/v1/instances/{name}", { path: { name: name as string } }),
    enabled: name !== undefined,
    placeholderData: undefined,
    refetchInterval: name === undefined ? false : 15_000,
  });
  const { shown, hold } = useHeld(stored.data);
  if (stored.error && !shown) {
    return (
      <>
        <PageHeader title={name ?? "Instance"} parent={{ title: "Instances", to: links.instances() }} />
        <ProblemAlert error={stored.error} onRetry={() => void stored.refetch()} />
      </>
    );
  }
  if (name !== undefined && !shown) return <Skeleton height={400} />;
  return <InstanceEditor key={shown?.etag ?? "new"} stored={shown ?? null} hold={hold} />;
}
