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
import { capital } from "~/state/format";

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

function look(word: string, tone: Tone, icon: Look["icon"], hint?: string): Look {
  return { word, tone, icon, ...(hint && { hint }) };
}

const failed = look("Failed", "bad", IconCircleX, "Not written after all retries; it waits in the dead letter queue");
const inFlight = look("In flight", "busy", IconLoader);
const dependencyInactive = look(
  "Dependency Inactive",
  "warn",
  IconPlugConnectedX,
  "Enabled, but one of its profiles is not",
);

/** Every vocabulary of states that a page shows; a new state gets its line here. */
export const vocabularies = {
  run: {
    queued: look("Queued", "idle", IconClock, "Accepted, not yet begun"),
    extracting: look("Extracting", "busy", IconSearch, "The source is being read; the total still rises"),
    in_progress: look("In Progress", "busy", IconLoader, "Everything is read; records are on their way"),
    waiting: look("Waiting", "warn", IconHourglass, "A system does not answer; records are tried again"),
    paused: look("Paused", "warn", IconPlayerPause, "Held at the edge of a batch until somebody resumes it"),
    needs_attention: look(
      "Needs Attention",
      "bad",
      IconAlertTriangle,
      "More records failed than its instance allows; it waits until somebody resumes or cancels it",
    ),
    cancelling: look("Cancelling", "idle", IconBan, "Writes in flight finish, the rest is skipped"),
    succeeded: look("Succeeded", "good", IconCircleCheck),
    partial_success: look("Partial Success", "warn", IconCircleHalf2, "Ended, but some records failed"),
    failed: look("Failed", "bad", IconCircleX),
    cancelled: look("Cancelled", "idle", IconBan),
    stalled: look("Stalled", "warn", IconHourglass, "Nothing has moved for a while"),
    rejected: look("Rejected", "bad", IconBan, "Refused: there will be no run"),
  },
  record: {
    in_flight: inFlight,
    pending: look("Pending", "idle", IconCircleDashed),
    retrying: look("Retrying", "warn", IconReload),
    success: look("Success", "good", IconCircleCheck),
    skipped: look("Skipped", "idle", IconCircleMinus),
    unchanged: look("Unchanged", "idle", IconCircleMinus, "Equal to what was last written; nothing was sent"),
    excluded: look("Excluded", "idle", IconCircleMinus, "The mapping leaves this record out"),
    superseded: look("Superseded", "idle", IconCircleMinus, "A newer version was written already"),
    cancelled: look("Cancelled", "idle", IconBan, "The run was cancelled before it was written"),
    failed,
  },
  step: {
    passed: look("Passed", "good", IconCircleCheck),
    written: look("Written", "good", IconCircleCheck, "The target acknowledged it"),
    skipped: look("Skipped", "idle", IconCircleMinus),
    failed,
    in_flight: inFlight,
    not_reached: look("Not reached", "idle", IconCircleDashed),
  },
  letter: {
    pending: look("Pending", "bad", IconCircleDot, "Waits for a person"),
    replaying: look("Replaying", "busy", IconLoader),
    replayed: look("Replayed", "good", IconRotate, "Taken up again by a later run"),
    resolved: look("Resolved", "good", IconCircleCheck),
    failed_again: look("Failed again", "bad", IconCircleX),
    discarded: look("Discarded", "idle", IconTrash, "Set aside; may be restored"),
    overtaken: look(
      "Overtaken",
      "idle",
      IconCircleCheck,
      "Closed by itself: its record was written since, or failed anew",
    ),
  },
  group: {
    new: look("New", "bad", IconSparkles),
    ongoing: look("Ongoing", "warn", IconCircleDot),
    escalating: look("Escalating", "bad", IconFlame),
    regressed: look("Regressed", "bad", IconArrowBackUp, "Came back after it was resolved"),
    muted: look("Muted", "idle", IconVolumeOff),
    resolved: look("Resolved", "good", IconCircleCheck),
  },
  category: {
    transient: look("Transient", "warn", IconReload, "May pass by itself: try again"),
    permanent: look("Permanent", "bad", IconCircleX, "Will fail again unchanged"),
    unknown: look("Unknown", "idle", IconCircleDashed),
  },
  instance: {
    active: look("Active", "good", IconCircleCheck),
    inactive: look("Inactive", "idle", IconPlayerPause, "Switched off by hand"),
    dependency_inactive: dependencyInactive,
  },
  test: {
    passed: look("Passed", "good", IconCircleCheck),
    failed: look("Failed", "bad", IconCircleX),
    stale: look("Changed since", "warn", IconHourglass, "The profile was changed after this test"),
    untested: look("Not tested", "idle", IconCircleDashed),
  },
  trial: {
    mapped: look("Mapped", "good", IconCircleCheck),
    excluded: look("Excluded", "idle", IconCircleMinus, "The mapping leaves this record out"),
    failed: look("Failed", "bad", IconCircleX),
    changed: look("Changed", "busy", IconCircleDot, "The draft makes another payload"),
    newly_failed: look("Newly fails", "bad", IconCircleX, "Passes now, fails with the draft"),
    repaired: look("Repaired", "good", IconRotate, "Fails now, passes with the draft"),
    newly_excluded: look("Newly excluded", "warn", IconCircleMinus),
    newly_included: look("Newly included", "warn", IconSparkles),
    same: look("Same", "idle", IconCircleMinus),
  },
  schedule: {
    enabled: look("Enabled", "good", IconCircleCheck),
    disabled: look("Disabled", "bad", IconCircleX),
    dependency_inactive: dependencyInactive,
  },
  hook: {
    enabled: look("Enabled", "good", IconCircleCheck),
    disabled: look("Disabled", "bad", IconCircleX, "No runs come of what it receives"),
    no_secret: look("No Secret", "warn", IconAlertTriangle, "It refuses everything until it is given one"),
    dependency_inactive: dependencyInactive,
  },
  firing: {
    due: look("Due", "busy", IconClock, "Not yet published"),
    sent: look("Sent", "busy", IconLoader, "Published; the trigger service has not answered yet"),
    fired: look("Fired", "good", IconCircleCheck, "Its run was accepted"),
    skipped: look("Skipped", "warn", IconCircleMinus, "Another run was active"),
    refused: look("Refused", "bad", IconBan, "There was nothing to run"),
    missed: look("Missed", "warn", IconAlertTriangle, "Nobody looked in time"),
  },
  operation: {
    waiting: look("Waiting", "idle", IconClock, "May still be undone"),
    pending: look("Pending", "idle", IconClock),
    running: look("Running", "busy", IconLoader),
    done: look("Done", "good", IconCircleCheck),
    finished: look("Finished", "good", IconCircleCheck),
    succeeded: look("Succeeded", "good", IconCircleCheck),
    stopped: look("Stopped", "warn", IconAlertTriangle),
    aborted: look("Aborted", "idle", IconBan),
    undone: look("Undone", "idle", IconArrowBackUp),
    failed: look("Failed", "bad", IconCircleX),
  },
  service: {
    up: look("Up", "good", IconCircleCheck),
    green: look("Healthy", "good", IconCircleCheck),
    amber: look("Busy", "warn", IconAlertTriangle),
    red: look("Behind", "bad", IconCircleX),
    down: look("Down", "bad", IconPlugConnectedX),
    no_consumer: look("No consumer", "bad", IconPlugConnectedX, "Something waits, nobody takes it"),
    nobody: look("No worker", "warn", IconPlugConnectedX, "Nothing waits, and nobody would take it"),
    unknown: look("Unknown", "idle", IconCircleDashed),
  },
  access: {
    active: look("Active", "good", IconCircleCheck),
    invited: look("Invited", "idle", IconClock),
    disabled: look("Disabled", "idle", IconPlayerPause),
    revoked: look("Revoked", "idle", IconBan),
    expired: look("Expired", "warn", IconArchive),
  },
  profile: {
    active: look("Active", "good", IconCircleCheck),
    inactive: look("Inactive", "idle", IconPlayerPause),
    away: look("Does not answer", "bad", IconPlugConnectedX, "Its runs wait, and go on by themselves"),
  },
  subscription: {
    on: look("On", "good", IconCircleCheck),
    off: look("Off", "idle", IconPlayerPause, "Nothing is told"),
  },
  alert: {
    run_failed: look("Run failed", "bad", IconCircleX),
    needs_attention: look("Needs attention", "bad", IconAlertTriangle, "Too many records of a run failed"),
    system_away: look("System away", "bad", IconPlugConnectedX, "A system does not answer; its runs wait"),
    partial_success: look("Partial success", "warn", IconCircleHalf2),
    dlq_growth: look("DLQ growth", "warn", IconFlame, "Too many dead letters wait for a person"),
    recovered: look("Recovered", "good", IconCircleCheck),
    flapping: look("Flapping", "warn", IconCircleHalf2, "It fails and recovers in turn"),
  },
  delivery: {
    waiting: look("Waiting", "busy", IconHourglass, "Will be sent, or tried again"),
    delivered: look("Delivered", "good", IconCircleCheck),
    given_up: look("Given up", "bad", IconCircleX, "Not tried any more; redeliver it by hand"),
  },
  attempt: {
    taken: look("Taken", "good", IconCircleCheck),
    refused: look("Not taken", "bad", IconCircleX),
  },
} satisfies Record<string, Vocabulary>;

export type StatusOf = keyof typeof vocabularies;

/** How a state looks. One this console does not know is shown as its own word, in grey: never hidden. */
export function lookOf(of: StatusOf, state: string): Look {
  const known = (vocabularies[of] as Vocabulary)[state];
  const words = capital(state.replace(/_/g, " "));
  return known ?? { word: words, tone: "idle", icon: IconCircleDashed };
}

/** Stages that a record may fail in, in their order. */
export const STAGE_WORDS = { ingest: "Ingest", normalize: "Normalize", transform: "Transform", execute: "Execute" };

/** States in which a run has ended. */
export const FINAL_RUN_STATES: readonly string[] = ["succeeded", "partial_success", "failed", "cancelled", "rejected"];

/** Modes of a run. */
export const MODE_WORDS: Record<string, string> = {
  incremental: "Incremental",
  reset_cursor: "Reset Cursor",
  force_full: "Force Full Sync",
};
