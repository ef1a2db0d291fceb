import { SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { links } from "~/app/links";
import { CopyId } from "~/components/CopyId";
import { PageLink } from "~/components/PageLink";
import { RunId } from "~/components/RunId";
import { Time } from "~/components/Time";
import type { Letter } from "./words";

/** Where, when and of what. */
export function Facts({ entry }: { entry: Letter }) {
  const facts: [string, ReactNode][] = [
    [
      "Source ID",
      entry.sourceId && <CopyId value={entry.sourceId} what="source ID" to={links.record(entry.sourceId)} />,
    ],
    ["Instance", entry.instance && <PageLink to={links.instance(entry.instance)}>{entry.instance}</PageLink>],
    ["From, to", entry.source && `${entry.source} → ${entry.target}`],
    ["Entity type", entry.entityType],
    ["Failed stage", entry.stage],
    ["Failed", <Time key="failed" at={entry.failedAt} as="absolute" />],
    ["Retries", entry.retries],
    ["Mapping version", entry.mappingVersion],
    ["Run", <RunId key="run" id={entry.correlationId} />],
  ];
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xs" verticalSpacing={6} component="dl" m={0}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <Text size="xs" c="dimmed" component="dt">
            {name}
          </Text>
          <Text size="sm" component="dd" m={0} style={{ overflowWrap: "anywhere" }}>
            {value ?? "–"}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}
