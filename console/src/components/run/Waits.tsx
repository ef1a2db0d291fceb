import { Text } from "@mantine/core";
import { Time, Told } from "~/components/values";
import { useNow } from "~/state/clock";
import { type RunStanding, shownState } from "./state";

/** What a run waits for, such as a target that asks to wait, and until when; nothing while something else holds it. */
export function Waits({ run }: { run: RunStanding & { reason: string | null } }) {
  if (shownState(run, useNow()) !== "waiting") return null;
  return (
    <Text mt={8} component="div">
      <Told>{run.reason ?? "Some records are tried again"}</Told>, next attempt{" "}
      <Time at={run.waitingUntil ?? run.retryDueAt} />
    </Text>
  );
}
