import { SimpleGrid, type SimpleGridProps, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** Names and values; a fact without a value is left out. */
export type FactList = readonly (readonly [name: string, value: ReactNode])[];

interface Props extends SimpleGridProps {
  facts: FactList;
}

/** What is known of one thing, each fact under its name. */
export function Facts({ facts, ...grid }: Props) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md" verticalSpacing={6} component="dl" m={0} {...grid}>
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== false && value !== 0)
        .map(([name, value]) => (
          <div key={name}>
            <Text size="xs" c="dimmed" component="dt">
              {name}
            </Text>
            <Text component="dd" m={0} style={{ overflowWrap: "anywhere" }}>
              {value}
            </Text>
          </div>
        ))}
    </SimpleGrid>
  );
}
