import { Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import { asProblem } from "~/api/problem";
import { plural } from "~/state/format";

interface Props {
  instance: string;
  entityType: string;
}

/** How many records a run reads that begins anew: the source is asked while somebody makes up their mind. */
export function SourceCount({ instance, entityType }: Props) {
  const path = { instance, entityType };
  const query = useQuery({
    queryKey: ["source-count", instance, entityType],
    queryFn: () => api.post("/api/v1/cursors/{instance}/{entityType}/count", { path }),
    placeholderData: undefined,
    refetchOnWindowFocus: false,
    staleTime: 30_000,
    retry: false,
  });
  const found = query.data;
  const unknown = query.error ? asProblem(query.error).message : found?.unknown;
  return (
    <Text mt="xs" component="div" aria-live="polite">
      {found && found.records !== null ? (
        <>
          That is {found.atMost && "at most "}
          <b>{plural(found.records, "record")}</b> of {found.source}.
        </>
      ) : unknown ? (
        <>How many records that is, is not known: {unknown}.</>
      ) : (
        <>
          <Loader size="xs" type="dots" mr={6} aria-hidden /> The source is asked how many records that is.
        </>
      )}
    </Text>
  );
}
