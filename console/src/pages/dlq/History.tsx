import { Alert, Group, List, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { links } from "~/app/links";
import { PageLink, RunId, StatusBadge, Time } from "~/components/values";
import type { Detail } from "./words";

interface Attempt {
  number: number;
  at: string;
  stage: string;
  failure?: { message?: string; code?: string };
}

/** Every attempt, what came before this entry, and what became of it. */
export function History({ detail }: { detail: Detail }) {
  const { entry } = detail;
  const attempts = detail.attempts as unknown as Attempt[];
  return (
    <Section title="History">
      <Outcome detail={detail} />
      {entry.status === "discarded" && (
        <Text>
          Discarded by {entry.resolvedBy} <Time at={entry.resolvedAt} />
          {entry.reason && `: ${entry.reason}`}
        </Text>
      )}
      {entry.status === "overtaken" && (
        <Text>
          Closed by itself <Time at={entry.resolvedAt} />:{" "}
          {entry.overtakenBy ? (
            <>
              the record failed anew, <PageLink to={links.deadLetter(entry.overtakenBy)}>open the newer entry</PageLink>
            </>
          ) : (
            <>the record was written since</>
          )}
          {entry.overtakenRun && (
            <>
              , in run <RunId id={entry.overtakenRun} />
            </>
          )}
          .
        </Text>
      )}
      {entry.replayOf && (
        <Text>
          Failed again after a replay of <PageLink to={links.deadLetter(entry.replayOf)}>an earlier entry</PageLink>.
        </Text>
      )}
      <List size="sm" spacing={4} type="ordered" aria-label="Attempts">
        {attempts.map((attempt) => (
          <List.Item key={`${attempt.stage}/${attempt.number}`}>
            {attempt.stage}, <Time at={attempt.at} as="absolute" />:{" "}
            <span style={{ overflowWrap: "anywhere" }}>{attempt.failure?.message}</span>
          </List.Item>
        ))}
      </List>
    </Section>
  );
}

/** What became of a replayed entry. */
function Outcome({ detail }: { detail: Detail }) {
  const { entry } = detail;
  if (entry.status !== "replayed" || entry.replayRun === null) return null;
  return (
    <Alert p="xs" color="gray">
      <Group gap="sm">
        <Text>
          Replayed by {entry.resolvedBy} <Time at={entry.resolvedAt} /> in run
        </Text>
        <RunId id={entry.replayRun} />
        <StatusBadge of="record" state={detail.outcome ?? "in_flight"} />
        {detail.againId && <PageLink to={links.deadLetter(detail.againId)}>failed again: open the new entry</PageLink>}
      </Group>
    </Alert>
  );
}

/** A part of an entry's page under a title of its own. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={6} component="section" aria-label={title}>
      <Title order={2} size={14}>
        {title}
      </Title>
      {children}
    </Stack>
  );
}
