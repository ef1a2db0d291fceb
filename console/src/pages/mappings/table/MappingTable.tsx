import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconPlus, IconSparkles } from "@tabler/icons-react";
import { type DragEvent, useMemo, useRef, useState } from "react";
import { Panel } from "~/components/form/editor";
import { May } from "~/components/May";
import { ProblemAlert } from "~/components/ProblemAlert";
import { plural } from "~/state/format";
import type { Canonical } from "../canonical";
import type { Problem } from "../check";
import type { Knowledge } from "../completion";
import { Frame } from "./Frame";
import type { Known } from "./inputs";
import { pathOf, proposals } from "./proposals";
import { type Names, RowForm } from "./RowForm";
import { type RowActions, RowLine } from "./RowLine";
import { type Row, type Table, tableOf, textAt, withFixed, withMoved, withoutRow, withRow } from "./rows";
import classes from "./table.module.css";
import { type RecordTrial, useRecord } from "./useRecord";
import type { useSystems } from "./useSystems";

interface Props {
  /** Of the stored mapping; null for one that is not saved yet. */
  name: string | null;
  text: string;
  table: Table;
  /** The text is no JSON: the table shows what it was before. */
  behind: boolean;
  /** Somebody who may only look. */
  readOnly: boolean;
  onChange: (text: string) => void;
  problems: readonly Problem[];
  known: Knowledge | undefined;
  canonical: Canonical | undefined;
  systems: ReturnType<typeof useSystems>;
  schemas: readonly string[];
}

/** The mapping as a table. It has no state of the mapping: it shows the text, and changes it. */
export default function MappingTable(props: Props) {
  const { name, text, table, behind, readOnly, onChange, problems, known, canonical, systems, schemas } = props;
  const [open, setOpen] = useState<string | null>(null);
  const locked = behind || readOnly;
  const trial = useRecord(name, text, systems.source.profile);
  const names = namesOf(props, trial);
  const move = useMoving(table, text, (next, id) => {
    onChange(next);
    setOpen((now) => (now === null ? null : id));
  });
  const found = systems.source.settled
    ? proposals(
        {
          source: systems.source.fields,
          target: systems.target.settled && !systems.target.unknown ? systems.target.fields : null,
          canonical: canonical?.properties ?? [],
        },
        table,
      )
    : [];
  const add = (next: string) => {
    onChange(next);
    const rows = tableOf(next)?.rows ?? [];
    const before = new Set(table.rows.map((row) => row.id));
    setOpen(rows.find((row) => !before.has(row.id) && row.kind !== "kept")?.id ?? null);
  };
  const free = (taken: (row: Row) => string, stem: string) => {
    const used = new Set(table.rows.map(taken));
    for (let n = 1; ; n++) if (!used.has(n === 1 ? stem : `${stem}${n}`)) return n === 1 ? stem : `${stem}${n}`;
  };
  const target = () => free((row) => textAt(row.send?.field, "target"), "field");
  const types = typesOf(systems);
  const faults = useMemo(() => faultsOf(table, problems, trial.record), [table, problems, trial.record]);
  const actions = useActions({
    open: (row) => setOpen(open === row.id ? null : row.id),
    remove: (row) => {
      setOpen(null);
      onChange(withoutRow(text, table, row));
    },
    move: move.by,
    drag: move.drag,
  });
  return (
    <Panel name="Table">
      <Stack gap="sm">
        {behind && (
          <Alert color="yellow" title="The table is behind">
            The text is no JSON at the moment. The table shows what it was before, and can be changed again when it is.
          </Alert>
        )}
        <fieldset disabled={locked} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Frame
            table={table}
            text={text}
            onChange={onChange}
            source={systems.source}
            target={systems.target}
            columns={names.columns}
            written={table.rows.map((row) => ({ name: textAt(row.send?.field, "target") })).filter((one) => one.name)}
            schemas={schemas}
            canonical={canonical}
          />
        </fieldset>
        {!readOnly && (
          <May permission="payloads" to="see what a record of the source becomes">
            <RecordBar trial={trial} />
          </May>
        )}
        <table className={classes.table} aria-label="Fields" data-behind={behind || undefined}>
          <thead>
            <tr>
              <th aria-label="Move" />
              <th scope="col">Source column</th>
              <th scope="col">Canonical</th>
              <th scope="col">Target field</th>
              <th scope="col">How</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row) => (
              <RowLine
                key={row.id}
                row={row}
                open={open === row.id && !locked}
                locked={locked}
                problems={faults.get(row.id) ?? NONE}
                record={trial.record}
                columnType={types.columns.get(textAt(row.read?.field, "source"))}
                fieldType={types.fields.get(textAt(row.send?.field, "target"))}
                actions={actions}
              >
                {open === row.id && <RowForm row={row} table={table} text={text} onChange={onChange} names={names} />}
              </RowLine>
            ))}
          </tbody>
        </table>
        {table.rows.length === 0 && <Text c="dimmed">No field yet.</Text>}
        <Group gap="xs">
          {found.length > 0 && (
            <Button
              size="compact-sm"
              leftSection={<IconSparkles size={14} />}
              disabled={locked}
              title={found.map((one) => `${one.source} → ${one.target}`).join("\n")}
              onClick={() => onChange(found.reduce(withRow, text))}
            >
              Add {plural(found.length, "proposed field")}
            </Button>
          )}
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} />}
            disabled={locked}
            onClick={() => {
              const canonical = free((row) => textAt(row.read?.field, "target"), "field");
              add(withRow(text, { source: "", canonical, target: target() }));
            }}
          >
            Add a field
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} />}
            disabled={locked}
            onClick={() => add(withFixed(text, target(), ""))}
          >
            Add a fixed value
          </Button>
        </Group>
        {known === undefined && <Text c="dimmed">Transformers are being loaded.</Text>}
      </Stack>
    </Panel>
  );
}

function RecordBar({ trial }: { trial: RecordTrial }) {
  const { record, at, of, show } = trial;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" loading={trial.reading} onClick={trial.read}>
          {of ? "Read records again" : "Show a record's values"}
        </Button>
        {of > 0 && (
          <>
            <Button size="compact-sm" variant="default" disabled={at === 0} onClick={() => show(at - 1)}>
              Previous
            </Button>
            <Button size="compact-sm" variant="default" disabled={at >= of - 1} onClick={() => show(at + 1)}>
              Next
            </Button>
          </>
        )}
        {record && (
          <Text size="sm" aria-live="polite">
            Record <b>{record.sourceId}</b> ({at + 1} of {of}) {WORDS[record.outcome] ?? record.outcome}; each row shows
            it raw, canonical and as payload.
          </Text>
        )}
      </Group>
      <ProblemAlert error={trial.problem} />
    </Stack>
  );
}

const WORDS: Record<string, string> = { mapped: "passes", failed: "fails", excluded: "is left out" };

const NONE: Problem[] = [];

/** What is wrong by row: by the check of the text, and for the record that is shown. */
function faultsOf(table: Table, problems: readonly Problem[], record: RecordTrial["record"]): Map<string, Problem[]> {
  const broken = (record?.errors ?? []).map(({ path, message }) => ({ path, message, kind: "error" as const }));
  const all = [...problems, ...broken];
  if (all.length === 0) return new Map();
  const within = (path: string) => (own: string) =>
    path === own || path.startsWith(`${own}.`) || path.startsWith(`${own}[`);
  return new Map(table.rows.map((row) => [row.id, all.filter(({ path }) => row.paths.some(within(path)))]));
}

/** The same actions for as long as the table is shown, which do what the newest ones do. */
function useActions(newest: RowActions): RowActions {
  const latest = useRef(newest);
  latest.current = newest;
  const [actions] = useState<RowActions>(() => ({
    open: (row) => latest.current.open(row),
    remove: (row) => latest.current.remove(row),
    move: (row, by) => latest.current.move(row, by),
    drag: (row, event, what) => latest.current.drag(row, event, what),
  }));
  return actions;
}

function typesOf({ source, target }: Props["systems"]) {
  const byName = (fields: Props["systems"]["source"]["fields"]) =>
    new Map(fields.map((one) => [pathOf(one.name), one.type]));
  return { columns: byName(source.fields), fields: byName(target.fields) };
}

function namesOf({ table, systems, canonical, known }: Props, trial: RecordTrial): Names {
  const listed = (fields: Props["systems"]["source"]["fields"]): Known[] =>
    fields.map((one) => ({ name: pathOf(one.name), detail: one.type }));
  const raw = trial.record?.raw;
  const seen = Object.keys(typeof raw === "object" && raw !== null ? raw : {}).map((one) => ({ name: pathOf(one) }));
  return {
    columns: systems.source.fields.length ? listed(systems.source.fields) : seen,
    fields: listed(systems.target.fields),
    canonical: (canonical?.properties ?? []).map((one) => ({ name: one.path, detail: one.type })),
    made: table.rows
      .filter((row) => textAt(row.read?.field, "target"))
      .map((row) => ({ name: textAt(row.read?.field, "target"), detail: textAt(row.read?.field, "type") || "string" })),
    transformers: known?.transformers ?? {},
  };
}

/** Moves rows among those of their kind: by keys, which keep the focus, and by dragging. */
function useMoving(table: Table, text: string, onMoved: (text: string, id: string) => void) {
  const dragged = useRef<Row | null>(null);
  const onto = (row: Row, other: Row | undefined) => {
    if (other && other.id !== row.id && other.kind === row.kind) onMoved(withMoved(text, row, other), other.id);
  };
  return {
    by: (row: Row, by: number) => {
      const alike = table.rows.filter((one) => one.kind === row.kind);
      const other = alike[alike.indexOf(row) + by];
      onto(row, other);
      const name = other && `tr[data-row] [role=button][aria-label^="Move ${CSS.escape(moveName(row))}:"]`;
      if (name) requestAnimationFrame(() => document.querySelector<HTMLElement>(name)?.focus());
    },
    drag: (row: Row, event: DragEvent, what: "start" | "over" | "drop") => {
      if (what === "start") {
        dragged.current = row;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", row.id);
      } else if (dragged.current?.kind === row.kind) {
        event.preventDefault();
        if (what === "drop") onto(dragged.current, row);
      }
    },
  };
}

const moveName = (row: Row) => textAt(row.send?.field, "target") || textAt(row.read?.field, "source") || "field";
