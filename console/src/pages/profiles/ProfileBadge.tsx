import { Alert } from "@mantine/core";
import { StatusBadge, Time } from "~/components/values";
import type { Profile } from "./draft";

/** Whether instances may use it, and whether its system answers. */
export function ProfileBadge({ profile: { active, breaker } }: { profile: Profile }) {
  const state = breaker ? "away" : active ? "active" : "inactive";
  return <StatusBadge of="profile" state={state} reason={breaker?.reason} />;
}

/** Since when a system does not answer, why, and what becomes of its runs. */
export function Away({ profile: { breaker } }: { profile: Profile }) {
  if (!breaker) return null;
  return (
    <Alert color="red" title="Its system does not answer">
      Since <Time at={breaker.openedAt} as="absolute" />: {breaker.reason}. Its runs wait; nothing is read or written
      for them, and nothing goes to the dead letter queue. It is tested again <Time at={breaker.probeAt} />, and the
      runs go on by themselves.
    </Alert>
  );
}
