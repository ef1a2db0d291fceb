import { MantineProvider } from "@mantine/core";
import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { RunStanding } from "~/components/run/state";
import { Waits } from "~/components/run/Waits";

const soon = new Date(Date.now() + 60_000).toISOString();
const reason = "the shop asks to wait";
const standing = (changes: Partial<RunStanding & { reason: string | null }>) => ({
  state: "in_progress",
  finishedAt: null,
  cancelRequestedBy: null,
  needsAttention: null,
  pausedBy: null,
  retryDueAt: soon,
  reason,
  ...changes,
});

const said = (changes: Partial<RunStanding & { reason: string | null }> = {}) =>
  render(<Waits run={standing(changes)} />, { wrapper: MantineProvider }).container.querySelector(".mantine-Text-root")
    ?.textContent;

afterEach(cleanup);

describe("a run that waits", () => {
  it("says what for, and when it goes on", () => {
    expect(said()).toMatch(/^the shop asks to wait, next attempt in \d/);
  });

  it("says so without a reason, too, and with the time of live events", () => {
    expect(said({ reason: null, retryDueAt: null, waitingUntil: soon })).toMatch(
      /^Some records are tried again, next attempt in/,
    );
  });

  it.each([
    ["it has ended", { finishedAt: soon, state: "succeeded" }],
    ["somebody paused it", { pausedBy: "anna" }],
    ["it is cancelled", { cancelRequestedBy: "anna" }],
    ["too many records failed", { needsAttention: "5 of 10 failed" }],
    ["the time is over", { retryDueAt: "2020-01-01T00:00:00Z" }],
  ])("promises no attempt when %s", (_, changes) => {
    expect(said(changes)).toBeUndefined();
  });
});
