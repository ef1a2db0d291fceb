import { Tooltip } from "@mantine/core";
import { StatusBadge } from "~/components/values";
import { type ServiceHealth, stateOf } from "~/live/usePipeline";
import { count, duration, plural, rate } from "~/state/format";
import classes from "./monitor.module.css";

interface Props {
  stage: ServiceHealth;
  /** Records out a second over the last minutes. */
  history: (number | null)[] | undefined;
}

/** One stage: its state, what waits, who works, what goes in and out. */
export function StageCard({ stage, history }: Props) {
  const state = stateOf(stage);
  const oldest = stage.oldestSeconds;
  return (
    <section
      className={classes.card}
      aria-label={stage.service}
      data-testid={`stage-${stage.service}`}
      data-state={state}
    >
      <header>
        <h3>{stage.service}</h3>
        <StatusBadge of="service" state={state} reason={stage.why} />
      </header>
      <div className={classes.waiting}>
        <strong data-testid="waiting">{count(stage.waiting)}</strong>
        <Tooltip
          label={`${plural(stage.waitingMessages ?? 0, "message")}; records by this stage's usual number a message`}
        >
          <span>{stage.unit} waiting</span>
        </Tooltip>
      </div>
      <div className="dim">
        <Workers stage={stage} />
        {oldest !== null && `, oldest ${oldest < 1 ? "under 1 s" : duration(oldest * 1000)}`}
      </div>
      <dl>
        <div>
          <dt className="dim">In</dt>
          <dd data-testid="in">{rate(stage.incoming.tenSeconds)}</dd>
        </div>
        <div>
          <dt className="dim">Out</dt>
          <dd data-testid="out">{rate(stage.outgoing.tenSeconds)}</dd>
        </div>
      </dl>
      <Trouble stage={stage} />
      {history && <Spark values={history} label={`${stage.service}: records out a second, last 15 minutes`} />}
    </section>
  );
}

function Workers({ stage }: { stage: ServiceHealth }) {
  const names = stage.workers.map((worker) => `${worker.host}, process ${worker.pid}`).join("\n");
  return (
    <Tooltip label={<span style={{ whiteSpace: "pre" }}>{names}</span>} disabled={!names}>
      <span data-testid="workers">{plural(stage.workers.length, "worker")}</span>
    </Tooltip>
  );
}

/** Why a stage is not well, and what it gives up or tries again. */
function Trouble({ stage }: { stage: ServiceHealth }) {
  const parts = [
    stage.dot === "green" ? "" : stage.why,
    stage.failed.minute > 0 ? `${rate(stage.failed.minute)} failing` : "",
    stage.retried.minute > 0 ? `${rate(stage.retried.minute)} to try again` : "",
  ].filter(Boolean);
  return <p className={`dim ${classes.why}`}>{parts.join("; ")}</p>;
}

const WIDTH = 150;
const HEIGHT = 26;

/** A small line without axes; a gap stays a gap. */
function Spark({ values, label }: { values: (number | null)[]; label: string }) {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, values.length - 1);
  const path = values
    .map((value, at) => {
      if (value === null) return "";
      const begins = at === 0 || values[at - 1] === null;
      const y = HEIGHT - 2 - (value / top) * (HEIGHT - 4);
      return `${begins ? "M" : "L"}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={path} fill="none" stroke="var(--sl-busy-bar)" strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
