import { List, Text } from "@mantine/core";
import { links } from "~/app/links";
import { CopyId } from "~/components/CopyId";
import { PageLink } from "~/components/PageLink";
import { Time } from "~/components/Time";
import { Outcome, Section } from "./EntryView";
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
        <Text size="sm">
          Discarded by {entry.resolvedBy} <Time at={entry.resolvedAt} />
          {entry.reason && `: ${entry.reason}`}
        </Text>
      )}
      {entry.status === "overtaken" && (
        <Text size="sm">
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
              , in run <CopyId value={entry.overtakenRun} what="correlation ID" to={links.run(entry.overtakenRun)} />
            </>
          )}
          .
        </Text>
      )}
      {entry.replayOf && (
        <Text size="sm">
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
