import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { answerWithTag, api } from "~/api/client";
import { links } from "~/app/links";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { InstanceEditor } from "./InstanceEditor";

export default function InstancePage() {
  const { name } = useParams({ strict: false }) as { name?: string };
  const stored = useQuery({
    queryKey: ["instance", name],
    queryFn: () => answerWithTag(api.GET("/api/v1/instances/{name}", { params: { path: { name: name as string } } })),
    enabled: name !== undefined,
    placeholderData: undefined,
    refetchInterval: name === undefined ? false : 15_000,
  });
  if (stored.error && !stored.data) {
    return (
      <>
        <PageHeader title={name ?? "Instance"} parent={{ title: "Instances", to: links.instances() }} />
        <ProblemAlert error={stored.error} onRetry={() => void stored.refetch()} />
      </>
    );
  }
  if (name !== undefined && !stored.data) return <Skeleton height={400} />;
  return <InstanceEditor key={stored.data?.etag ?? "new"} stored={stored.data ?? null} />;
}
