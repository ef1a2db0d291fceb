import type { ReactNode } from "react";
import type { Schema } from "~/api/client";
import { links } from "~/app/links";
import { PlainLink, Time } from "~/components/values";
import { count, percent } from "~/state/format";
import classes from "./dashboard.module.css";
import { change, type Range, RUNS_RANGE } from "./steps";

type Dashboard = Schema<"Dashboard">;

interface TileProps {
  name: string;
  value: ReactNode;
  note?: ReactNode;
  to: string;
  tone?: "bad" | "warn" | undefined;
}

function Tile({ name, value, note, to, tone }: TileProps) {
  return (
    <PlainLink
      className={`panel ${classes.tile}`}
      style={{ textDecoration: "none", ...(tone && { borderLeft: `3px solid var(--sl-${tone}-bar)` }) }}
      to={to}
    >
      <span className="dim">{name}</span>
      <strong>{value}</strong>
      <small className="dim">{note}</small>
    </PlainLink>
  );
}

/** Each number leads to the list it was counted from. */
export function Tiles({ data, range }: { data: Dashboard; range: Range }) {
  const { totals, previous, nextFiring } = data;
  const ended = totals.success + totals.skipped + totals.failed;
  const before = previous.success + previous.skipped + previous.failed;
  const runs = RUNS_RANGE[range];
  const compared = (text: string) => (text ? `${text} against the range before` : "nothing to compare with");
  return (
    <div className={classes.tiles}>
      <Tile
        name="Records"
        value={count(ended)}
        note={compared(change(ended, before))}
        to={links.runs({ range: runs })}
      />
      <Tile
        name="Failure rate"
        value={totals.failureRate === null ? "–" : percent(totals.failed, ended)}
        note={previous.failureRate === null ? "no records before" : `${percent(previous.failed, before)} before`}
        to={links.runs({ state: ["failed", "partial_success"], range: runs })}
        tone={(totals.failureRate ?? 0) >= 0.05 ? "bad" : totals.failed ? "warn" : undefined}
      />
      <Tile
        name="Dead letters pending"
        value={data.dlqPending >= 100_000 ? "100,000+" : count(data.dlqPending)}
        note={data.dlqNew ? `${count(data.dlqNew)} failed in this range` : "none new in this range"}
        to={links.deadLetters()}
        tone={data.dlqNew ? "bad" : data.dlqPending ? "warn" : undefined}
      />
      <Tile
        name="Active runs"
        value={count(data.activeRuns)}
        note="queued or under way"
        to={links.runs({ state: ["queued", "extracting", "in_progress"] })}
      />
      <Tile
        name="Runs"
        value={count(totals.runs)}
        note={`${count(totals.failedRuns)} failed, ${count(totals.partialSuccess)} in part`}
        to={links.runs({ range: runs })}
        tone={totals.failedRuns ? "warn" : undefined}
      />
      <Tile
        name="Next firing"
        value={nextFiring ? <Time at={nextFiring.at} /> : "–"}
        note={nextFiring ? `${nextFiring.instance} / ${nextFiring.entityType}` : "no schedule is enabled"}
        to={links.schedules()}
      />
    </div>
  );
}
