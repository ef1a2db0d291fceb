import { UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type CSSProperties, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { useUrlState } from "~/state/url";
import type { Column } from "./column";
import classes from "./DataTable.module.css";
import type { TableLayout } from "./layout";
import { directionOf, nextSort, useSort } from "./sort";

interface Props<T> {
  columns: readonly Column<T>[];
  layout: Pick<TableLayout, "widths" | "move" | "resize">;
  /** The order of the list where none is asked for: `-createdAt`. */
  sortedBy?: string | undefined;
  /** The cell before the columns: it selects the page. */
  children?: ReactNode;
}

/** What makes a cell as wide as somebody has made its column. */
export const widthOf = (width: number | undefined) =>
  width === undefined ? undefined : ({ "--column": `${width}px` } as CSSProperties);

/** The names of columns: a click sorts, dragging moves one, dragging its edge makes it wider. */
export function TableHead<T>({ columns, layout, sortedBy = "", children }: Props<T>) {
  const asked = useSort(columns);
  const drag = useDrag(layout.move);
  return (
    <thead>
      <tr aria-rowindex={1}>
        {children}
        {columns.map((column) => (
          <th
            key={column.id}
            scope="col"
            data-column={column.id}
            data-align={column.align}
            data-cut={column.cut}
            data-sized={layout.widths[column.id] !== undefined}
            data-drop={drag.over === column.id}
            style={widthOf(layout.widths[column.id]) ?? { width: column.width }}
            aria-sort={directionOf(asked || sortedBy, column)}
            {...drag.handlers(column.id)}
          >
            <Name column={column} now={asked || sortedBy} />
            <Edge width={layout.widths[column.id]} onResize={(width) => layout.resize(column.id, width)} />
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Name<T>({ column, now }: { column: Column<T>; now: string }) {
  const [, setView] = useUrlState("__root__");
  const { sort } = column;
  if (!sort) return <span className={classes.name}>{column.header}</span>;
  const direction = directionOf(now, column);
  const Arrow = direction === "ascending" ? IconArrowUp : IconArrowDown;
  return (
    <UnstyledButton className={classes.name} onClick={() => setView({ sort: nextSort(now, sort) })}>
      {column.header}
      <Arrow size={13} aria-hidden data-shown={direction !== undefined} />
    </UnstyledButton>
  );
}

/** Pixels after which a press is a drag and no click. */
const SLACK = 6;

/** Dragging one column to where another is, by mouse or finger. */
function useDrag(move: TableLayout["move"]) {
  const start = useRef<{ id: string; x: number; moving: boolean } | null>(null);
  const [over, setOver] = useState<string>();
  const end = () => {
    start.current = null;
    setOver(undefined);
  };
  const handlers = (id: string) => ({
    onPointerDown(event: PointerEvent<HTMLElement>) {
      if (event.button === 0) start.current = { id, x: event.clientX, moving: false };
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const from = start.current;
      if (!from || (!from.moving && Math.abs(event.clientX - from.x) < SLACK)) return;
      // What is captured gets the click, too: the name under the pointer does not sort then.
      if (!from.moving) event.currentTarget.setPointerCapture(event.pointerId);
      from.moving = true;
      setOver(columnAt(event) ?? from.id);
    },
    onPointerUp(event: PointerEvent<HTMLElement>) {
      const from = start.current;
      const to = columnAt(event);
      if (from?.moving && to !== undefined && to !== from.id) move(from.id, to);
      end();
    },
    onPointerCancel: end,
  });
  return { over, handlers };
}

function columnAt({ clientX, currentTarget }: PointerEvent<HTMLElement>): string | undefined {
  const cells = currentTarget.parentElement?.querySelectorAll<HTMLElement>("[data-column]") ?? [];
  return [...cells].find((cell) => clientX < cell.getBoundingClientRect().right)?.dataset.column;
}

/** The right edge of a column; two clicks give it the width that it has by itself. */
function Edge({ width, onResize }: { width: number | undefined; onResize: (width: number | undefined) => void }) {
  const from = useRef<number | null>(null);
  return (
    // The column menu does the same by keyboard.
    <span
      aria-hidden
      className={classes.edge}
      onDoubleClick={() => width !== undefined && onResize(undefined)}
      onPointerDown={(event) => {
        event.stopPropagation();
        const cell = event.currentTarget.parentElement;
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = (cell?.offsetWidth ?? 0) - event.clientX;
      }}
      onPointerMove={(event) => {
        event.stopPropagation();
        if (from.current !== null && event.buttons > 0) onResize(from.current + event.clientX);
      }}
      onPointerUp={(event) => {
        event.stopPropagation();
        from.current = null;
      }}
    />
  );
}
