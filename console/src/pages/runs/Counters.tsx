import { Tooltip } from "@mantine/core";
import { count, percent } from "~/state/format";
import classes from "./runs.module.css";

interface Counts {
  total: number;
  success: number;
  skipped: number;
  failed: number;
  inFlight: number;
}

/** How the records of a run are shared out: one bar of up to four parts, told in words as well. */
export function MiniBar({ total, success, skipped, failed, inFlight }: Counts) {
  if (total === 0) return <span className="dim">–</span>;
  const words = `${count(success)} written, ${count(skipped)} skipped, ${count(failed)} failed, ${count(inFlight)} in flight`;
  const part = (value: number, tone: string) =>
    value > 0 && <span style={{ flexGrow: value, minWidth: 2, background: `var(--sl-${tone})` }} />;
  return (
    <Tooltip label={words}>
      <span className={classes.bar} role="img" aria-label={words}>
        {part(success, "good-bar")}
        {part(skipped, "idle-bar")}
        {part(failed, "bad-bar")}
        {part(inFlight, "idle-fill")}
      </span>
    </Tooltip>
  );
}

/** "65 %", or nothing while the total still rises. */
export function progressText(run: Counts & { totalIsFinal: boolean }): string | null {
  return run.totalIsFinal && run.total > 0 ? percent(run.total - run.inFlight, run.total) : null;
}
