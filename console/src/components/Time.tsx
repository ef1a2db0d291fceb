import { Tooltip } from "@mantine/core";
import { useNow } from "~/state/clock";
import { absolute, duration, relative, zoneLabel, zoneOffset } from "~/state/format";
import { zoneChoice, zoneName } from "~/state/zone";
import classes from "./text.module.css";

interface Props {
  at: string | null | undefined;
  /** `relative`: "3 min ago". `absolute`: date and clock with the zone. `clock`: the clock alone, with the zone. */
  as?: "relative" | "absolute" | "clock";
  /** Shown when there is no time. */
  none?: string;
}

/** A time of the API, with its zone; the other form is in the tooltip. */
export function Time({ at, as = "relative", none = "–" }: Props) {
  const zone = zoneName(zoneChoice.use());
  const now = useNow();
  const time = at ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(time)) return <span className={classes.dim}>{none}</span>;
  const label = zoneLabel(time, zone);
  const whole = `${absolute(time, zone)} ${label}`;
  const shown = { relative: relative(time, now), absolute: whole, clock: whole.slice(11) }[as];
  const other = as === "relative" ? `${whole} (${zone}, ${zoneOffset(time, zone)})` : relative(time, now);
  return (
    <Tooltip label={other}>
      <time dateTime={at ?? undefined} className={classes.numbers}>
        {shown}
      </time>
    </Tooltip>
  );
}

/** How long something took, or has taken so far when `to` is missing. */
export function Duration({ ms, from, to }: { ms?: number | null; from?: string | null; to?: string | null }) {
  if (ms !== undefined) return <span className={classes.numbers}>{duration(ms)}</span>;
  if (!from) return <span className={classes.dim}>–</span>;
  if (!to) return <Elapsed since={Date.parse(from)} />;
  return <span className={classes.numbers}>{duration(Date.parse(to) - Date.parse(from))}</span>;
}

function Elapsed({ since }: { since: number }) {
  const seconds = Math.max(0, Math.floor((useNow() - since) / 1_000));
  return <span className={classes.numbers}>{seconds < 60 ? `${seconds} s` : duration(seconds * 1_000)}</span>;
}
