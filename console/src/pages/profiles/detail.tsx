import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api } from "~/api/client";
import { links } from "~/app/links";
import { useHeld } from "~/components/form/unsaved";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { emptyDraft } from "./draft";
import { ProfileEditor } from "./ProfileEditor";
import { useConnectors } from "./queries";

const PARENT = { title: "Connection Profiles", to: links.profiles() };

export default function ProfilePage() {
  return <Loaded name={useParams({ from: "/signed-in/connection-profiles/$name" }).name} />;
}

export function NewProfilePage() {
  return <Loaded />;
}

function Loaded({ name }: { name?: string }) {
  const connectors = useConnectors();
  const stored = useQuery({
    queryKey: ["connection-profile", name],
    queryFn: () => api.getTagged("/api/v1/connection-profiles/{name}", { path: { name: name as string } }),
    enabled: name !== undefined,
    // What is being typed must not change under the hands.
    refetchOnWindowFocus: false,
    placeholderData: undefined,
  });
  const { shown, hold } = useHeld(stored.data);
  const error = (!connectors.data && connectors.error) || (!shown && stored.error);
  if (error) {
    return (
      <>
        <PageHeader title={name ?? "New connection profile"} parent={PARENT} />
        <ProblemAlert
          error={error}
          onRetry={() => {
            void connectors.refetch();
            if (name !== undefined) void stored.refetch();
          }}
        />
      </>
    );
  }
  if (!connectors.data || (name !== undefined && !shown)) return <Skeleton height={400} />;
  const first = emptyDraft(connectors.data[0]?.name ?? "");
  return (
    <ProfileEditor
      key={shown?.etag ?? "new"}
      connectors={connectors.data}
      stored={shown ?? null}
      initial={shown?.value ?? first}
      parent={PARENT}
      hold={hold}
    />
  );
}
