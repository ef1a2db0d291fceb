import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "~/api/client";
import { refetch } from "~/api/query";
import { links } from "~/app/links";
import { ProblemAlert } from "~/components/ProblemAlert";
import { DryRunResults } from "~/pages/mappings/DryRunResults";

/** Most records of a dry run. */
const MOST = 20;

interface Props {
  instance: string;
  mapping: string;
  /** Source IDs to take; the first records without them. */
  ids: readonly string[];
  onLeave: () => void;
}

/** What a few records of the source would become, before anything is triggered. Nothing is written. */
export default function DryRun({ instance, mapping, ids, onLeave }: Props) {
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ["dry-run", instance, mapping, ids],
    queryFn: async () => {
      const asked = { document: null, version: null, profile: null, records: null, limit: 5 };
      const body = { ...asked, instance, sourceIds: ids.slice(0, MOST) };
      const found = await api.post("/api/v1/mapping-configs/{name}/dry-run", { path: { name: mapping }, body });
      void refetch("audit-log");
      return found;
    },
    placeholderData: undefined,
    refetchOnWindowFocus: false,
    retry: false,
    gcTime: 0,
  });
  const jump = () => {
    onLeave();
    void navigate({ href: links.mapping(mapping, { tab: "dry-run" }) });
  };
  return (
    <Stack gap="sm">
      <Text c="dimmed">
        {ids.length > MOST ? `The first ${MOST} of the IDs` : ids.length ? "These records" : "The first records"} of the
        source through the active version of {mapping}. Nothing is written anywhere.
      </Text>
      <ProblemAlert error={query.error} onRetry={() => void query.refetch()} json />
      {query.isFetching && !query.data && <Skeleton height={260} />}
      {query.data && <DryRunResults found={query.data} onJump={jump} />}
    </Stack>
  );
}
