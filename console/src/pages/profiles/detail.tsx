import { Alert, Button, Skeleton, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Schema } from "~/api/client";
import { asProblem, errorsByField } from "~/api/problem";
import { refetch } from "~/api/query";
import { links } from "~/app/links";
import { DeleteButton, Fields, type Held, Loaded, useEditor } from "~/components/form/editor";
import { Refusal } from "~/components/form/Refusal";
import { May } from "~/components/May";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { useGiven } from "~/pages/templates/queries";
import { Calls } from "./Calls";
import { bodyOf, type Draft, draftOf, emptyDraft, labelAt, type Profile } from "./draft";
import { Away, ProfileBadge } from "./ProfileBadge";
import { ProfileFields } from "./ProfileFields";
import { useConnectors } from "./queries";
import type { Property } from "./schemaForm";
import { type Tested, TestPanel } from "./TestPanel";
import { UsedBy } from "./UsedBy";

const PARENT = { title: "Connection Profiles", to: links.profiles() };

export default function ProfilePage() {
  return <LoadedProfile name={useParams({ from: "/signed-in/connection-profiles/$name" }).name} />;
}

export function NewProfilePage() {
  const { ready, given } = useGiven("Profile", useSearch({ from: "/signed-in/new/connection-profile" }));
  return <LoadedProfile ready={ready} given={given} />;
}

interface LoadedProps {
  name?: string;
  ready?: boolean;
  /** What the form of a new one begins with. */
  given?: Partial<Draft> | undefined;
}

function LoadedProfile({ name, ready = true, given }: LoadedProps) {
  const connectors = useConnectors();
  if (!connectors.data || !ready) {
    return (
      <>
        <PageHeader title={name ?? "New connection profile"} parent={PARENT} />
        <ProblemAlert error={connectors.error} onRetry={() => void connectors.refetch()} />
        {!connectors.error && <Skeleton height={400} />}
      </>
    );
  }
  const { data } = connectors;
  const fetch = (name: string) => api.getTagged("/api/v1/connection-profiles/{name}", { path: { name } });
  return (
    <Loaded name={name} kind="connection-profile" fetch={fetch} parent={PARENT} every={5_000}>
      {(held) => <ProfileEditor {...held} connectors={data} given={given} />}
    </Loaded>
  );
}

interface Props extends Held<Profile> {
  connectors: Schema<"ConnectorView">[];
  given: Partial<Draft> | undefined;
}

/** Reads, changes and tests one profile; secrets go in and never come out. */
function ProfileEditor({ connectors, given, ...held }: Props) {
  const { stored } = held;
  const profile = stored?.value;
  const request = { path: { name: profile?.name ?? "" }, header: { "if-match": stored?.etag ?? null } };
  const schemaOf = (connector: string) =>
    (connectors.find((one) => one.name === connector)?.profileSchema ?? {}) as Property;
  const editor = useEditor({
    ...held,
    queries: ["connection-profiles", "connection-profile"],
    page: links.profile,
    help: "profile",
    valuesOf: draftOf,
    first: { ...emptyDraft(connectors[0]?.name ?? ""), ...given },
    secrets: "secrets",
    send: async (draft, _, version) => {
      const body = bodyOf(draft, schemaOf(draft.connector));
      const saved = stored
        ? await api.put("/api/v1/connection-profiles/{name}", {
            path: request.path,
            header: { "if-match": version },
            body,
          })
        : await api.post("/api/v1/connection-profiles", { body });
      if (test.result && !test.result.stale) await keepTest(saved.name);
      return saved;
    },
  });
  const draft = editor.values;
  const schema = schemaOf(draft.connector);
  const test = useTest(bodyOf(draft, schema), profile ?? null, editor.changed, (error) =>
    editor.setErrors(errorsByField(asProblem(error))),
  );
  return (
    <form onSubmit={editor.onSubmit(editor.save)} noValidate>
      <PageHeader
        title={profile ? profile.name : "New connection profile"}
        help="profile"
        parent={PARENT}
        beside={profile && <ProfileBadge profile={profile} />}
        purpose={
          profile && (
            <>
              Used by <UsedBy instances={profile.usedBy} />
            </>
          )
        }
        actions={
          <May permission="configure" to="change connection profiles">
            {profile && (
              <DeleteButton
                name={profile.name}
                body="Its secrets are erased. The history of runs that used it stays."
                run={() => api.delete("/api/v1/connection-profiles/{name}", request)}
                list={links.profiles()}
                query="connection-profiles"
              />
            )}
            <Button type="submit" disabled={!editor.changed} loading={editor.pending}>
              Save
            </Button>
          </May>
        }
      />
      <Stack gap="md" maw={860}>
        <Refusal form={editor} label={(path) => labelAt(schema, path)} />
        {profile && <Away profile={profile} />}
        {profile && <Calls profile={profile} />}
        {profile && !profile.secretsReadable && (
          <Alert color="red" title="The stored secrets cannot be read here">
            The key that encrypted them is missing. Give the secrets again.
          </Alert>
        )}
        <Fields gap="md">
          <ProfileFields
            key={editor.draft.filled}
            form={editor}
            connectors={connectors}
            schema={schema}
            isNew={stored === null}
            stored={profile?.secrets ?? {}}
          >
            <TestPanel
              result={test.result}
              error={test.error && asProblem(test.error).errors.length === 0 ? test.error : null}
              running={test.running}
              onTest={test.run}
            />
          </ProfileFields>
        </Fields>
      </Stack>
    </form>
  );
}

function keepTest(name: string) {
  return api.post("/api/v1/connection-profiles/{name}/test", { path: { name } }).catch(() => null);
}

/** The test of what the form says now; of a saved profile the server keeps the result. */
function useTest(
  body: Schema<"ProfileBody">,
  stored: Profile | null,
  changed: boolean,
  onError: (error: unknown) => void,
) {
  const sent = JSON.stringify(body);
  const [last, setLast] = useState<{ sent: string; result: Schema<"ConnectionTest"> } | null>(null);
  const mutation = useMutation({
    mutationFn: () =>
      stored && !changed
        ? api.post("/api/v1/connection-profiles/{name}/test", { path: { name: stored.name } })
        : // A new profile may be tested before it has a name.
          api.post("/api/v1/connection-profiles/test", { body: { ...body, name: body.name || "unnamed" } }),
    onSuccess: (result) => {
      setLast({ sent, result });
      void refetch("connection-profiles");
    },
    onError,
  });
  const kept = stored?.lastTest as Tested | null | undefined;
  const result: Tested | null = last
    ? { ...last.result, stale: last.sent !== sent }
    : kept
      ? { ...kept, stale: kept.stale || changed }
      : null;
  return { result, error: mutation.error, running: mutation.isPending, run: () => mutation.mutate() };
}
