import { Grid, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api, type Schema } from "~/api/client";
import { links } from "~/app/links";
import { ActionButton } from "~/components/action";
import { EmptyState } from "~/components/EmptyState";
import { May } from "~/components/May";
import { Older, useOlder } from "~/components/Older";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { CopyId, PageLink, RunId, StatusBadge, Time } from "~/components/values";
import { ForRepair } from "~/pages/dlq/ForRepair";
import { useShortcuts } from "~/state/shortcuts";
import { useUrlState } from "~/state/url";
import { History } from "./History";
import classes from "./passport.module.css";
import type { Passport } from "./payloads";
import { Steps } from "./Steps";

const WHILE_RUNNING = 2_000;

/** One record: its runs at the left, and what each stage of one of them made of it. */
export default function RecordPage() {
  const { sourceId = "" } = useParams({ from: "/signed-in/records/$sourceId" });
  const [view, setView] = useUrlState("/signed-in/records/$sourceId");
  const history = useOlder(["record", sourceId], (cursor, signal) =>
    api.get("/api/v1/records", { query: { sourceId, limit: 50, cursor }, signal }),
  );
  const [newest] = history.data?.pages ?? [];
  const runs = newest?.sourceId === sourceId ? history.data?.pages.flatMap((page) => page.runs) : undefined;
  const chosen = view.run || runs?.[0]?.correlationId || "";
  const passport = useQuery({
    queryKey: ["passport", sourceId, chosen],
    queryFn: ({ signal }) => api.get("/api/v1/records/passport", { query: { sourceId, run: chosen }, signal }),
    enabled: chosen !== "",
    refetchInterval: ({ state }) => (state.data?.place.outcome === "in_flight" ? WHILE_RUNNING : false),
  });
  const place = runs?.findIndex((run) => run.correlationId === chosen) ?? -1;
  const go = (to: number) => runs?.[to] && setView({ run: runs[to].correlationId });
  useShortcuts([
    { keys: "[", label: "Newer run of the record", group: "Record", run: () => go(place - 1) },
    { keys: "]", label: "Older run of the record", group: "Record", run: () => go(place + 1) },
  ]);
  const known = passport.data?.place.correlationId === chosen ? passport.data : undefined;
  return (
    <>
      <PageHeader
        title="Record"
        parent={{ title: "Records", to: links.records() }}
        beside={<CopyId value={sourceId} what="source ID" whole={sourceId.length <= 80} />}
        purpose="Its passport: what every stage took and gave, in each run that had it."
      />
      {Boolean(history.error) && <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />}
      {newest && runs?.length === 0 && newest.written.length === 0 && (
        <EmptyState title="No run knows this record">
          IDs are compared exactly, capitals and blanks included. What became of records is kept for 90 days.
        </EmptyState>
      )}
      <Written history={newest} />
      {runs && runs.length > 0 && (
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 4, lg: 3 }}>
            <History sourceId={sourceId} runs={runs} chosen={chosen} whole={!history.hasNextPage} />
            <Older list={history} what="runs" />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8, lg: 9 }}>
            {known && <Shown passport={known} />}
            {!known && !passport.error && (
              <>
                <Text c="dimmed" mb="xs" role="status">
                  Reading its payloads back from the stage topics…
                </Text>
                <Skeleton height={420} />
              </>
            )}
            {Boolean(passport.error) && <ProblemAlert error={passport.error} onRetry={() => void passport.refetch()} />}
          </Grid.Col>
        </Grid>
      )}
    </>
  );
}

function Shown({ passport }: { passport: Passport }) {
  const { place } = passport;
  return (
    <Stack gap="md">
      <div className={classes.head}>
        <StatusBadge of="record" state={place.outcome} size="md" reason={place.error} />
        <span>
          {place.instance} / {place.entityType}, mapping version {place.mappingVersion},{" "}
          <Time at={place.createdAt} as="absolute" />
        </span>
        <RunId id={place.correlationId} />
        {place.deadLetter && (
          <PageLink to={links.deadLetter(place.deadLetter)}>
            <ForRepair otherwise="Open the dead letter" />
          </PageLink>
        )}
        <Erase instance={place.instance} sourceId={place.sourceId} />
      </div>
      <Steps passport={passport} />
    </Stack>
  );
}

/** What is stored of a record's contents goes. */
function Erase({ instance, sourceId }: { instance: string; sourceId: string }) {
  const body =
    "Payloads, edits and errors of its dead letters are erased; those cannot be replayed then. Its ID and outcomes stay. " +
    "Topics hold what was published of it until it is too old.";
  return (
    <May permission="erase">
      <ActionButton
        size="compact-sm"
        color="red"
        ask={{ title: `Erase the payloads of ${sourceId} of ${instance}?`, body, confirm: "Erase", danger: true }}
        run={() => api.post("/api/v1/records/erase", { body: { instance, sourceId } })}
        done="Its payloads are erased"
        changes={["passport", "record", "dlq-entry"]}
      >
        Erase payloads
      </ActionButton>
    </May>
  );
}

function Written({ history }: { history: Schema<"RecordHistory"> | undefined }) {
  if (!history || history.written.length === 0) return null;
  return (
    <section className={`panel ${classes.written}`} aria-label="At the target">
      {history.written.map((one) => (
        <div key={`${one.instance}/${one.entityType}`} className={classes.head}>
          <span>
            {one.instance} / {one.entityType}
          </span>
          <span>
            target ID{" "}
            {one.targetId ? (
              <CopyId value={one.targetId} what="target ID" whole={one.targetId.length < 60} />
            ) : (
              "not told"
            )}
          </span>
          <span>
            last written <Time at={one.writtenAt} />
            {one.correlationId && (
              <>
                {" "}
                by <RunId id={one.correlationId} />
              </>
            )}
          </span>
        </div>
      ))}
    </section>
  );
}
