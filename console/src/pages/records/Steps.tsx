import { SegmentedControl, Timeline } from "@mantine/core";
import { useState } from "react";
import type { Column } from "~/components/column";
import { DiffView } from "~/components/DiffView";
import { PayloadView } from "~/components/PayloadView";
import { PlainTable } from "~/components/PlainTable";
import { lookOf } from "~/components/status";
import { StatusBadge, Time } from "~/components/values";
import { Fields } from "./Fields";
import classes from "./passport.module.css";
import { missing, type Passport, type Payload, type Step } from "./payloads";

const NAMES: Record<string, string> = {
  raw: "Raw record",
  canonical: "Canonical record",
  payload: "Target payload",
};
const DOES: Record<string, string> = {
  ingest: "read from the source",
  normalize: "raw to canonical",
  transform: "canonical to target payload",
  execute: "written to the target",
};

/** What each stage took and gave, from the source to the target. */
export function Steps({ passport }: { passport: Passport }) {
  const reached = passport.steps.filter((step) => step.result !== "not_reached").length;
  return (
    <Timeline active={reached - 1} bulletSize={22} lineWidth={2} aria-label="Stages">
      {passport.steps.map((step) => {
        const Icon = lookOf("step", step.result).icon;
        return (
          <Timeline.Item key={step.stage} bullet={<Icon size={13} aria-hidden />}>
            <OneStep step={step} passport={passport} />
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}

function OneStep({ step, passport }: { step: Step; passport: Passport }) {
  return (
    <section aria-label={`${step.stage}: ${step.result}`}>
      <div className={classes.head}>
        <h2 className={classes.stage}>{step.stage}</h2>
        <StatusBadge of="step" state={step.result} />
        {step.reason && <StatusBadge of="record" state={step.reason} />}
        <span className="dim">{DOES[step.stage]}</span>
      </div>
      {step.attempts.length > 0 && <Attempts step={step} />}
      {step.result !== "not_reached" && <Contents step={step} passport={passport} />}
    </section>
  );
}

function Attempts({ step }: { step: Step }) {
  return (
    <PlainTable
      name={`Failed attempts of ${step.stage}`}
      withTableBorder
      verticalSpacing={4}
      columns={ATTEMPTS}
      rows={step.attempts}
      rowId={(attempt) => attempt.number}
    />
  );
}

const ATTEMPTS: Column<Step["attempts"][number]>[] = [
  { id: "number", header: "Attempt", width: 80, cell: (attempt) => attempt.number },
  { id: "at", header: "At", width: 190, cell: (attempt) => <Time at={attempt.at} as="absolute" /> },
  {
    id: "kind",
    header: "Kind",
    width: 110,
    cell: (attempt) => <StatusBadge of="category" state={attempt.category} />,
  },
  {
    id: "error",
    header: "Error",
    cell: ({ message, field, detail }) => (
      <>
        {message}
        {field && <span className="dim"> (field {field})</span>}
        {detail && detail !== message && (
          <details>
            <summary>In full</summary>
            <pre className={classes.detail}>{detail}</pre>
          </details>
        )}
      </>
    ),
  },
];

/** Input, output and their difference; a mapping stage begins with its fields. */
function Contents({ step, passport }: { step: Step; passport: Passport }) {
  const given = passport.payloads.find((payload) => payload.kind === step.input);
  const made = passport.payloads.find((payload) => payload.kind === step.output);
  const views = [
    ...(step.changes.length > 0 && (given?.text || made?.text) ? [{ value: "fields", label: "Fields" }] : []),
    ...(given ? [{ value: "input", label: "Input" }] : []),
    ...(made ? [{ value: "output", label: "Output" }] : []),
    ...(given?.text && made?.text ? [{ value: "difference", label: "Difference" }] : []),
  ];
  const [chosen, setChosen] = useState<string | null>(null);
  const view = views.some((one) => one.value === chosen) ? chosen : (views[0]?.value ?? null);
  if (view === null) return null;
  return (
    <div className={classes.contents}>
      {views.length > 1 && (
        <SegmentedControl
          size="xs"
          data={views}
          value={view}
          onChange={setChosen}
          aria-label={`What to show of ${step.stage}`}
        />
      )}
      {view === "fields" && <Fields step={step} unused={step.stage === "normalize" ? passport.unused : []} />}
      {view === "input" && given && <One payload={given} stage={step.stage} side="Input" />}
      {view === "output" && made && <One payload={made} stage={step.stage} side="Output" />}
      {view === "difference" && (
        <DiffView
          before={given?.text}
          after={made?.text}
          beforeLabel={NAMES[step.input ?? ""] ?? "Input"}
          afterLabel={NAMES[step.output ?? ""] ?? "Output"}
        />
      )}
    </div>
  );
}

function One({ payload, stage, side }: { payload: Payload; stage: string; side: string }) {
  return (
    <>
      <PayloadView
        payload={payload.text}
        label={`${side} of ${stage}: ${NAMES[payload.kind] ?? payload.kind}`}
        missing={missing(payload)}
      />
      {payload.origin === "topic" && (
        <span className="dim">
          <Time at={payload.at} as="absolute" />, partition {payload.partition}, offset {payload.offset}
        </span>
      )}
      {payload.origin === "dead_letter" && <span className="dim">from its dead letter</span>}
    </>
  );
}
