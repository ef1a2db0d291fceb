import { Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { toneOf } from "~/components/values";
import { type PageHealth, togglePaused, usePageHealth } from "~/live/health";
import { useNow } from "~/state/clock";
import { duration } from "~/state/format";
import classes from "./TopBar.module.css";

/** After so long without a word from the server, the chip turns amber. */
const LATE_MS = 10_000;

interface Shown {
  tone: "good" | "warn" | "idle";
  text: string;
}

/** How fresh the page is: live, held, broken, or fetched some time ago. Never silent about it. */
export function LiveChip() {
  const health = usePageHealth();
  const client = useQueryClient();
  useNow();
  const now = Date.now();
  const newest = Math.max(
    0,
    ...client
      .getQueryCache()
      .findAll({ type: "active" })
      .map((query) => query.state.dataUpdatedAt),
  );
  const { tone, text } = chipOf(health, newest, now);
  const hint = health.streams
    ? health.paused
      ? "Held: the page shows what it showed then. Click or press . to go on"
      : "Click or press . to hold the page still"
    : "Click to fetch everything on this page again";
  const onClick = () => (health.streams ? togglePaused() : void client.invalidateQueries({ type: "active" }));
  return (
    <Tooltip label={hint}>
      <button type="button" className={classes.chip} style={toneOf(tone)} onClick={onClick} data-testid="live-chip">
        <i aria-hidden />
        {text}
      </button>
    </Tooltip>
  );
}

export function chipOf(health: PageHealth, fetchedAt: number, now: number): Shown {
  if (!health.streams || health.worst === "over") {
    return { tone: "idle", text: fetchedAt ? `As of ${ago(fetchedAt, now)}` : "Loading" };
  }
  const heard = health.heardAt ? `last word ${ago(health.heardAt, now)}` : "nothing heard yet";
  if (health.paused) return { tone: "warn", text: "Held" };
  if (health.worst === "reconnecting") return { tone: "warn", text: `Reconnecting, ${heard}` };
  if (health.worst === "refused") return { tone: "warn", text: "Not live" };
  if (health.worst === "connecting") return { tone: "idle", text: "Connecting" };
  return now - health.heardAt > LATE_MS
    ? { tone: "warn", text: `Live, ${heard}` }
    : { tone: "good", text: `Live, ${ago(health.heardAt, now)}` };
}

function ago(time: number, now: number): string {
  const ms = now - time;
  if (ms < 1_500) return "now";
  return `${ms < 60_000 ? `${Math.round(ms / 1_000)} s` : duration(ms)} ago`;
}
