import {
  IconAlertTriangle,
  IconArchive,
  IconArrowBackUp,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleDot,
  IconCircleHalf2,
  IconCircleMinus,
  IconCircleX,
  IconClock,
  IconFlame,
  IconHourglass,
  IconLoader,
  IconPlayerPause,
  IconPlugConnectedX,
  IconReload,
  IconRotate,
  IconSearch,
  IconSparkles,
  IconTrash,
  IconVolumeOff,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

/** What a state means to the person, and with it its colour: named by meaning, never by hue. */
export type Tone = "good" | "bad" | "warn" | "busy" | "idle";

export interface Look {
  word: string;
  tone: Tone;
  icon: ComponentType<{ size?: number | string; className?: string; "aria-hidden"?: boolean }>;
  /** Said in a tooltip, where the word alone may be unclear. */
  hint?: string;
}

type Vocabulary = Record<string, Look>;

const run: Vocabulary = {
  queued: { word: "Queued", tone: "idle", icon: IconClock, hint: "Accepted, not yet begun" },
  extracting: {
    word: "Extracting",
    tone: "busy",
    icon: IconSearch,
    hint: "The source is being read; the total still rises",
  },
  in_progress: {
    word: "In Progress",
    tone: "busy",
    icon: IconLoader,
    hint: "Everything is read; records are on their way",
  },
  waiting: {
    word: "Waiting",
    tone: "warn",
    icon: IconHourglass,
    hint: "A system does not answer; records are tried again",
  },
  paused: {
    word: "Paused",
    tone: "warn",
    icon: IconPlayerPause,
    hint: "Held at the edge of a batch until somebody resumes it",
  },
  cancelling: { word: "Cancelling", tone: "idle", icon: IconBan, hint: "Writes in flight finish, the rest is skipped" },
  succeeded: { word: "Succeeded", tone: "good", icon: IconCircleCheck },
  partial_success: {
    word: "Partial Success",
    tone: "warn",
    icon: IconCircleHalf2,
    hint: "Ended, but some records failed",
  },
  failed: { word: "Failed", tone: "bad", icon: IconCircleX },
  cancelled: { word: "Cancelled", tone: "idle", icon: IconBan },
  stalled: { word: "Stalled", tone: "warn", icon: IconHourglass, hint: "Nothing has moved for a while" },
  rejected: { word: "Rejected", tone: "bad", icon: IconBan, hint: "Refused: there will be no run" },
};

const record: Vocabulary = {
  in_flight: { word: "In flight", tone: "busy", icon: IconLoader },
  pending: { word: "Pending", tone: "idle", icon: IconCircleDashed },
  retrying: { word: "Retrying", tone: "warn", icon: IconReload },
  success: { word: "Success", tone: "good", icon: IconCircleCheck },
  skipped: { word: "Skipped", tone: "idle", icon: IconCircleMinus },
  unchanged: {
    word: "Unchanged",
    tone: "idle",
    icon: IconCircleMinus,
    hint: "Equal to what was last written; nothing was sent",
  },
  excluded: { word: "Excluded", tone: "idle", icon: IconCircleMinus, hint: "The mapping leaves this record out" },
  superseded: { word: "Superseded", tone: "idle", icon: IconCircleMinus, hint: "A newer version was written already" },
  cancelled: { word: "Cancelled", tone: "idle", icon: IconBan, hint: "The run was cancelled before it was written" },
  failed: {
    word: "Failed",
    tone: "bad",
    icon: IconCircleX,
    hint: "Not written after all retries; it waits in the dead letter queue",
  },
};

const step: Vocabulary = {
  passed: { word: "Passed", tone: "good", icon: IconCircleCheck },
  written: { word: "Written", tone: "good", icon: IconCircleCheck, hint: "The target acknowledged it" },
  skipped: { word: "Skipped", tone: "idle", icon: IconCircleMinus },
  failed: record.failed as Look,
  in_flight: record.in_flight as Look,
  not_reached: { word: "Not reached", tone: "idle", icon: IconCircleDashed },
};

const letter: Vocabulary = {
  pending: { word: "Pending", tone: "bad", icon: IconCircleDot, hint: "Waits for a person" },
  replaying: { word: "Replaying", tone: "busy", icon: IconLoader },
  replayed: { word: "Replayed", tone: "good", icon: IconRotate, hint: "Taken up again by a later run" },
  resolved: { word: "Resolved", tone: "good", icon: IconCircleCheck },
  failed_again: { word: "Failed again", tone: "bad", icon: IconCircleX },
  discarded: { word: "Discarded", tone: "idle", icon: IconTrash, hint: "Set aside; may be restored" },
  overtaken: {
    word: "Overtaken",
    tone: "idle",
    icon: IconCircleCheck,
    hint: "Closed by itself: its record was written since, or failed anew",
  },
};

const group: Vocabulary = {
  new: { word: "New", tone: "bad", icon: IconSparkles },
  ongoing: { word: "Ongoing", tone: "warn", icon: IconCircleDot },
  escalating: { word: "Escalating", tone: "bad", icon: IconFlame },
  regressed: { word: "Regressed", tone: "bad", icon: IconArrowBackUp, hint: "Came back after it was resolved" },
  muted: { word: "Muted", tone: "idle", icon: IconVolumeOff },
  resolved: { word: "Resolved", tone: "good", icon: IconCircleCheck },
};

const category: Vocabulary = {
  transient: { word: "Transient", tone: "warn", icon: IconReload, hint: "May pass by itself: try again" },
  permanent: { word: "Permanent", tone: "bad", icon: IconCircleX, hint: "Will fail again unchanged" },
  unknown: { word: "Unknown", tone: "idle", icon: IconCircleDashed },
};

const instance: Vocabulary = {
  active: { word: "Active", tone: "good", icon: IconCircleCheck },
  inactive: { word: "Inactive", tone: "idle", icon: IconPlayerPause, hint: "Switched off by hand" },
  dependency_inactive: {
    word: "Dependency Inactive",
    tone: "warn",
    icon: IconPlugConnectedX,
    hint: "Enabled, but one of its profiles is not",
  },
};

const test: Vocabulary = {
  passed: { word: "Passed", tone: "good", icon: IconCircleCheck },
  failed: { word: "Failed", tone: "bad", icon: IconCircleX },
  stale: { word: "Changed since", tone: "warn", icon: IconHourglass, hint: "The profile was changed after this test" },
  untested: { word: "Not tested", tone: "idle", icon: IconCircleDashed },
};

const trial: Vocabulary = {
  mapped: { word: "Mapped", tone: "good", icon: IconCircleCheck },
  excluded: { word: "Excluded", tone: "idle", icon: IconCircleMinus, hint: "The mapping leaves this record out" },
  failed: { word: "Failed", tone: "bad", icon: IconCircleX },
  changed: { word: "Changed", tone: "busy", icon: IconCircleDot, hint: "The draft makes another payload" },
  newly_failed: { word: "Newly fails", tone: "bad", icon: IconCircleX, hint: "Passes now, fails with the draft" },
  repaired: { word: "Repaired", tone: "good", icon: IconRotate, hint: "Fails now, passes with the draft" },
  newly_excluded: { word: "Newly excluded", tone: "warn", icon: IconCircleMinus },
  newly_included: { word: "Newly included", tone: "warn", icon: IconSparkles },
  same: { word: "Same", tone: "idle", icon: IconCircleMinus },
};

const schedule: Vocabulary = {
  enabled: { word: "Enabled", tone: "good", icon: IconCircleCheck },
  disabled: { word: "Disabled", tone: "bad", icon: IconCircleX },
  dependency_inactive: instance.dependency_inactive as Look,
};

const firing: Vocabulary = {
  due: { word: "Due", tone: "busy", icon: IconClock, hint: "Not yet published" },
  sent: { word: "Sent", tone: "busy", icon: IconLoader, hint: "Published; the trigger service has not answered yet" },
  fired: { word: "Fired", tone: "good", icon: IconCircleCheck, hint: "Its run was accepted" },
  skipped: { word: "Skipped", tone: "warn", icon: IconCircleMinus, hint: "Another run was active" },
  refused: { word: "Refused", tone: "bad", icon: IconBan, hint: "There was nothing to run" },
  missed: { word: "Missed", tone: "warn", icon: IconAlertTriangle, hint: "Nobody looked in time" },
};

const operation: Vocabulary = {
  waiting: { word: "Waiting", tone: "idle", icon: IconClock, hint: "May still be undone" },
  pending: { word: "Pending", tone: "idle", icon: IconClock },
  running: { word: "Running", tone: "busy", icon: IconLoader },
  done: { word: "Done", tone: "good", icon: IconCircleCheck },
  finished: { word: "Finished", tone: "good", icon: IconCircleCheck },
  succeeded: { word: "Succeeded", tone: "good", icon: IconCircleCheck },
  stopped: { word: "Stopped", tone: "warn", icon: IconAlertTriangle },
  aborted: { word: "Aborted", tone: "idle", icon: IconBan },
  undone: { word: "Undone", tone: "idle", icon: IconArrowBackUp },
  failed: { word: "Failed", tone: "bad", icon: IconCircleX },
};

const service: Vocabulary = {
  up: { word: "Up", tone: "good", icon: IconCircleCheck },
  green: { word: "Healthy", tone: "good", icon: IconCircleCheck },
  amber: { word: "Busy", tone: "warn", icon: IconAlertTriangle },
  red: { word: "Behind", tone: "bad", icon: IconCircleX },
  down: { word: "Down", tone: "bad", icon: IconPlugConnectedX },
  no_consumer: { word: "No consumer", tone: "bad", icon: IconPlugConnectedX, hint: "Something waits, nobody takes it" },
  nobody: {
    word: "No worker",
    tone: "warn",
    icon: IconPlugConnectedX,
    hint: "Nothing waits, and nobody would take it",
  },
  unknown: { word: "Unknown", tone: "idle", icon: IconCircleDashed },
};

const access: Vocabulary = {
  active: { word: "Active", tone: "good", icon: IconCircleCheck },
  invited: { word: "Invited", tone: "idle", icon: IconClock },
  disabled: { word: "Disabled", tone: "idle", icon: IconPlayerPause },
  revoked: { word: "Revoked", tone: "idle", icon: IconBan },
  expired: { word: "Expired", tone: "warn", icon: IconArchive },
};

const subscription: Vocabulary = {
  on: { word: "On", tone: "good", icon: IconCircleCheck },
  off: { word: "Off", tone: "idle", icon: IconPlayerPause, hint: "Nothing is told" },
};

const alert: Vocabulary = {
  run_failed: { word: "Run failed", tone: "bad", icon: IconCircleX },
  partial_success: { word: "Partial success", tone: "warn", icon: IconCircleHalf2 },
  dlq_growth: { word: "DLQ growth", tone: "warn", icon: IconFlame, hint: "Too many dead letters wait for a person" },
  recovered: { word: "Recovered", tone: "good", icon: IconCircleCheck },
  flapping: { word: "Flapping", tone: "warn", icon: IconCircleHalf2, hint: "It fails and recovers in turn" },
};

const delivery: Vocabulary = {
  waiting: { word: "Waiting", tone: "busy", icon: IconHourglass, hint: "Will be sent, or tried again" },
  delivered: { word: "Delivered", tone: "good", icon: IconCircleCheck },
  given_up: { word: "Given up", tone: "bad", icon: IconCircleX, hint: "Not tried any more; redeliver it by hand" },
};

const attempt: Vocabulary = {
  taken: { word: "Taken", tone: "good", icon: IconCircleCheck },
  refused: { word: "Not taken", tone: "bad", icon: IconCircleX },
};

/** Every vocabulary of states that a page shows; a new state gets its line here. */
export const vocabularies = {
  run,
  record,
  step,
  letter,
  group,
  category,
  instance,
  test,
  trial,
  schedule,
  firing,
  operation,
  service,
  access,
  subscription,
  alert,
  delivery,
  attempt,
} satisfies Record<string, Vocabulary>;

export type StatusOf = keyof typeof vocabularies;

/** How a state looks. One this console does not know is shown as its own word, in grey: never hidden. */
export function lookOf(of: StatusOf, state: string): Look {
  const known = (vocabularies[of] as Vocabulary)[state];
  const words = state.replace(/_/g, " ").replace(/^./, (first) => first.toUpperCase());
  return known ?? { word: words, tone: "idle", icon: IconCircleDashed };
}

/** States in which a run has ended. */
export const FINAL_RUN_STATES: readonly string[] = ["succeeded", "partial_success", "failed", "cancelled", "rejected"];
