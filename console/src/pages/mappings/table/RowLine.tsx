import { ActionIcon, Badge, Group, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconChevronDown,
  IconChevronUp,
  IconCircleX,
  IconGripVertical,
  IconTrash,
} from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, memo, type ReactNode } from "react";
import type { Problem } from "../check";
import { conditionWords } from "./ConditionField";
import { chainOf } from "./chain";
import { inline } from "./edits";
import { canonicalOf, type Row, textAt } from "./rows";
import classes from "./table.module.css";
import type { RecordForms } from "./useRecord";
import { shortText, valueAt } from "./values";

interface Props {
  row: Row;
  open: boolean;
  /** The table shows an older text: nothing can be changed. */
  locked: boolean;
  problems: readonly Problem[];
  record: RecordForms | undefined;
  /** Types of the column and of the target field. */
  columnType: string | undefined;
  fieldType: string | undefined;
  actions: RowActions;
  /** What an open row shows. */
  children: ReactNode;
}

/** What can be done with a row; always the same object, so that it is no reason to draw a row. */
export interface RowActions {
  open: (row: Row) => void;
  remove: (row: Row) => void;
  /** By so many rows of its kind. */
  move: (row: Row, by: number) => void;
  drag: (row: Row, event: DragEvent, what: "start" | "over" | "drop") => void;
}

/** One line of the table: names, what is done to the value, and the value on its way. Drawn when it changes alone. */
export const RowLine = memo(function RowLine(props: Props) {
  const { row, open, locked, problems, record, columnType, fieldType, actions, children } = props;
  const name = textAt(row.send?.field, "target") || textAt(row.read?.field, "source") || "field";
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || locked) return;
    event.preventDefault();
    actions.move(row, by);
  };
  const worst = problems.find((one) => one.kind === "error") ?? problems[0];
  return (
    <>
      <tr
        className={classes.row}
        data-fault={worst?.kind}
        data-row={name}
        onDragOver={(event) => actions.drag(row, event, "over")}
        onDrop={(event) => actions.drag(row, event, "drop")}
      >
        <td className={classes.handle}>
          {row.kind !== "odd" && (
            // biome-ignore lint/a11y/useSemanticElements: Firefox drags no button
            <span
              role="button"
              tabIndex={0}
              draggable={!locked}
              aria-label={`Move ${name}: arrow keys, or drag`}
              className={classes.grip}
              onKeyDown={keys}
              onDragStart={(event) => actions.drag(row, event, "start")}
            >
              <IconGripVertical size={16} aria-hidden />
            </span>
          )}
        </td>
        <Cell label="Source column" type={columnType} value={record && reading(row, record)}>
          {row.kind === "fixed" ? <i>fixed value</i> : textAt(row.read?.field, "source") || <i>none</i>}
        </Cell>
        <Cell label="Canonical" value={record && made(row, record)}>
          {row.kind === "fixed" ? "" : canonicalOf(row)}
        </Cell>
        <Cell label="Target field" type={fieldType} value={record && sent(row, record)}>
          {row.kind === "odd" ? <i>only in the JSON</i> : textAt(row.send?.field, "target") || <i>not sent</i>}
        </Cell>
        <td data-label="How">
          <How row={row} />
        </td>
        <td className={classes.actions}>
          <Group gap={2} wrap="nowrap" justify="flex-end">
            {row.kind !== "odd" && (
              <>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={locked}
                  aria-expanded={open}
                  aria-label={`${open ? "Close" : "Edit"} ${name}`}
                  onClick={() => actions.open(row)}
                >
                  {open ? <IconChevronUp size={16} /> : <IconChevronDown size={16} />}
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={locked}
                  aria-label={`Remove ${name}`}
                  onClick={() => actions.remove(row)}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </>
            )}
          </Group>
        </td>
      </tr>
      {(problems.length > 0 || open) && (
        <tr className={classes.below} data-fault={worst?.kind}>
          <td colSpan={6}>
            {problems.map((one) => (
              <Text key={one.path + one.message} size="sm" className={classes[one.kind]}>
                {one.kind === "error" ? (
                  <IconCircleX size={14} aria-hidden />
                ) : (
                  <IconAlertTriangle size={14} aria-hidden />
                )}{" "}
                {one.message}
              </Text>
            ))}
            {open && children}
          </td>
        </tr>
      )}
    </>
  );
});

interface CellProps {
  label: string;
  type?: string | undefined;
  /** Of the record; undefined while none is shown. */
  value: string | undefined;
  children: ReactNode;
}

function Cell({ label, type, value, children }: CellProps) {
  return (
    <td data-label={label}>
      <span className={classes.name}>{children}</span>
      {type && <span className={classes.type}>{type}</span>}
      {value !== undefined && (
        <code className={classes.value} title={value}>
          {value || "–"}
        </code>
      )}
    </td>
  );
}

function How({ row }: { row: Row }) {
  const read = row.read?.field ?? {};
  const send = row.send?.field ?? {};
  const steps = (field: Record<string, unknown>) => chainOf(field)?.map((step) => step.name) ?? ["transform (JSON)"];
  const words = [
    textAt(read, "type"),
    ...steps(read),
    read.required === true || send.required === true ? "required" : "",
    "default" in read ? `default ${inline(read.default)}` : "",
    ...steps(send),
    "when" in send ? conditionWords(send.when, inline) : "",
    row.kind === "fixed" ? inline(send.value ?? null) : "",
  ].filter(Boolean);
  if (words.length === 0) return null;
  return (
    <Group gap={4}>
      {words.map((word, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one word may stand twice
        <Badge key={index} variant="default" size="sm" tt="none" fw={500} className={classes.word}>
          {word}
        </Badge>
      ))}
    </Group>
  );
}

const reading = (row: Row, { raw }: RecordForms) =>
  row.read ? shortText(valueAt(raw, textAt(row.read.field, "source"))) : undefined;
const made = (row: Row, { canonical }: RecordForms) =>
  row.kind === "fixed" ? undefined : shortText(valueAt(canonical, canonicalOf(row)));
const sent = (row: Row, { payload }: RecordForms) =>
  row.send ? shortText(valueAt(payload, textAt(row.send.field, "target"))) : undefined;
