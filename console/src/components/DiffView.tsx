import { Group, Paper, Text } from "@mantine/core";
import { payloadText } from "~/api/lossless";
import { deferred } from "./deferred";

interface Props {
  before: unknown;
  after: unknown;
  beforeLabel: string;
  afterLabel: string;
  maxHeight?: number;
}

const DiffSides = deferred(() => import("./DiffSides"), 120);

/** Two payloads side by side, what differs marked, equal stretches folded. */
export function DiffView({ before, after, beforeLabel, afterLabel, maxHeight = 460 }: Props) {
  const [left, right] = [payloadText(before ?? ""), payloadText(after ?? "")];
  return (
    <Paper
      withBorder
      component="section"
      miw={0}
      style={{ overflow: "hidden" }}
      aria-label={`Difference between ${beforeLabel} and ${afterLabel}`}
    >
      <Group grow gap={0} px={10} py={5} bg="var(--sl-surface)">
        <Text size="xs" fw={600}>
          {beforeLabel}
        </Text>
        <Text size="xs" fw={600}>
          {afterLabel}
        </Text>
      </Group>
      <DiffSides before={left} after={right} label={`${beforeLabel} and ${afterLabel}`} maxHeight={maxHeight} />
    </Paper>
  );
}
