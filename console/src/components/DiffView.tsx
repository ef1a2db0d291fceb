import { Group, Text } from "@mantine/core";
import { payloadText } from "~/api/lossless";
import classes from "./DiffView.module.css";
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
    <section className={classes.frame} aria-label={`Difference between ${beforeLabel} and ${afterLabel}`}>
      <Group grow className={classes.heads} gap={0}>
        <Text size="xs" fw={600}>
          {beforeLabel}
        </Text>
        <Text size="xs" fw={600}>
          {afterLabel}
        </Text>
      </Group>
      <DiffSides before={left} after={right} label={`${beforeLabel} and ${afterLabel}`} maxHeight={maxHeight} />
    </section>
  );
}
