import { Checkbox, Skeleton } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, type ReactNode, type RefObject, useMemo, useRef } from "react";
import { useShortcuts } from "~/state/shortcuts";
import { ColumnMenu } from "./ColumnMenu";
import cards from "./cards.module.css";
import type { Column } from "./column";
import classes from "./DataTable.module.css";
import { type TableLayout, useLayout } from "./layout";
import { Pager } from "./Pager";
import { ProblemAlert } from "./ProblemAlert";
import { TableHead, widthOf } from "./TableHead";
import { useRowCursor, useSelecting } from "./tableState";
import { ViewMenu } from "./ViewMenu";

export interface DataTableProps<T> {
  /** Names the table for screen readers, and its choices of columns in the browser. */
  name: string;
  columns: Column<T>[];
  /** How the list is sorted where no other order is asked for: `-createdAt`. */
  sortedBy?: string;
  /** Undefined until they are known for the first time. */
  rows: T[] | undefined;
  rowId: (row: T) => string;
  loading?: boolean;
  fetching?: boolean;
  error?: unknown;
  onRetry?: () => void;
  /** An `EmptyState`, shown instead of no rows. */
  empty: ReactNode;
  /** Enter, or a click on the row where nothing else is. */
  onOpen?: (row: T) => void;
  /** The page that shows a row: where Enter and a click lead. */
  link?: (row: T) => string;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  /** Marks the row whose detail is open. */
  openId?: string | undefined;
  /** Where the next part of the list begins; null where there is none, undefined where the list has no parts. */
  next?: string | null;
  /** Beside the buttons that go to other parts: "25 runs". */
  counted?: ReactNode;
  /** Above the table, left of the column menu: filters, or what may be done with the selected. */
  toolbar?: ReactNode;
}

const ROW_HEIGHT = 34;
/** Fewer rows than these are simply drawn. */
const VIRTUAL_FROM = 120;
const NOBODY: ReadonlySet<string> = new Set();

/** The one table: a row cursor (j, k), selection (x), Enter to open, rows that stay while new ones are fetched. */
export function DataTable<T>(props: DataTableProps<T>) {
  const { name, columns, rows, loading, fetching, error, onRetry, empty, toolbar, next, counted } = props;
  const layout = useLayout(name, columns);
  const frame = useRef<HTMLDivElement>(null);
  const widthNow = (id: string) =>
    frame.current?.querySelector<HTMLElement>(`th[data-column="${CSS.escape(id)}"]`)?.offsetWidth ?? 0;
  const failedFirst = Boolean(error) && !rows;
  return (
    <div>
      <div className={classes.toolbar}>
        <div className={classes.tools}>{toolbar}</div>
        {next !== undefined && <ViewMenu shown={layout.shown.map((column) => column.id)} />}
        <ColumnMenu columns={layout.all} layout={layout} widthNow={widthNow} />
      </div>
      {Boolean(error) && <ProblemAlert error={error} onRetry={onRetry} />}
      <div ref={frame} className={classes.frame} aria-busy={fetching ?? false} data-fetching={fetching && !loading}>
        {loading && !failedFirst && <FirstRows />}
        {rows && rows.length > 0 && <Rows {...props} rows={rows} layout={layout} shown={layout.shown} />}
        {rows?.length === 0 && !error && empty}
      </div>
      {next !== undefined && <Pager next={next}>{counted}</Pager>}
    </div>
  );
}

function FirstRows() {
  return (
    <div className={classes.first} role="status" aria-label="Loading">
      {Array.from({ length: 8 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={index} height={14} width={`${92 - ((index * 13) % 30)}%`} />
      ))}
    </div>
  );
}

function Rows<T>(props: DataTableProps<T> & { rows: T[]; layout: TableLayout; shown: Column<T>[] }) {
  const { name, shown, layout, rows, rowId, link, onSelect, openId } = props;
  const navigate = useNavigate();
  const onOpen = link ? (row: T) => void navigate({ href: link(row) }) : props.onOpen;
  const selected = props.selected ?? NOBODY;
  const ids = useMemo(() => rows.map(rowId), [rows, rowId]);
  const cursor = useRowCursor(ids);
  const selecting = useSelecting(ids, selected, onSelect ?? (() => undefined));
  const body = useRef<HTMLTableSectionElement>(null);
  const { window, before, after } = useRowWindow(rows, ids, body);

  const focusRow = (index: number) => {
    const row = body.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  };
  const step = (by: number) => focusRow(cursor.move(by));
  const open = (index: number) => rows[index] !== undefined && onOpen?.(rows[index]);
  const key = (keys: string, label: string, run: () => void) => ({ keys, label, group: "List", run });
  useShortcuts([
    key("j", "Next row", () => step(1)),
    key("k", "Previous row", () => step(-1)),
    ...(onSelect
      ? [
          key("x", "Select the row", () => cursor.at >= 0 && selecting.toggle(cursor.at)),
          key("shift+x", "Select up to the row", () => cursor.at >= 0 && selecting.toggle(cursor.at, true)),
          key("a", "Select the page", selecting.togglePage),
        ]
      : []),
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLTableRowElement)) return;
    if (event.key === "Enter") open(cursor.at);
    else if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === " " && onSelect) selecting.toggle(cursor.at);
    else return;
    event.preventDefault();
  };
  const onClick = (event: MouseEvent, index: number) => {
    cursor.put(index);
    const target = event.target as HTMLElement;
    if (!target.closest("a, button, input, label") && !getSelection()?.toString()) open(index);
  };

  return (
    <table
      className={`${classes.table} ${cards.cards}`}
      aria-label={name}
      aria-rowcount={rows.length + 1}
      onKeyDown={onKeyDown}
    >
      <TableHead columns={shown} layout={layout} sortedBy={props.sortedBy}>
        {onSelect && (
          <th scope="col" className={classes.check}>
            <Checkbox
              size="xs"
              aria-label="Select the page"
              checked={ids.every((id) => selected.has(id))}
              indeterminate={ids.some((id) => selected.has(id)) && !ids.every((id) => selected.has(id))}
              onChange={() => selecting.togglePage()}
            />
          </th>
        )}
      </TableHead>
      <tbody ref={body} onMouseOver={tellWhole} onFocus={tellWhole}>
        {before > 0 && <Space height={before} />}
        {window.map(({ row, id, index }) => (
          <tr
            key={id}
            data-index={index}
            aria-rowindex={index + 2}
            aria-selected={onSelect ? selected.has(id) : undefined}
            data-open={openId === id}
            data-opens={onOpen !== undefined}
            tabIndex={index === Math.max(0, cursor.at) ? 0 : -1}
            onFocus={(event) => event.target === event.currentTarget && cursor.put(index)}
            onClick={(event) => onClick(event, index)}
          >
            {onSelect && (
              <td className={classes.check}>
                <Checkbox
                  size="xs"
                  aria-label={`Select ${id}`}
                  checked={selected.has(id)}
                  onChange={(event) => selecting.toggle(index, (event.nativeEvent as unknown as MouseEvent).shiftKey)}
                />
              </td>
            )}
            {shown.map((column) => (
              <td
                key={column.id}
                data-align={column.align}
                data-label={column.header}
                data-cut={column.cut}
                data-sized={layout.widths[column.id] !== undefined}
                style={widthOf(layout.widths[column.id])}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
        {after > 0 && <Space height={after} />}
      </tbody>
    </table>
  );
}

/** Gives a cell that is cut its whole text as a tooltip. */
function tellWhole({ target }: { target: EventTarget }) {
  const cell = (target as HTMLElement).closest<HTMLElement>("td[data-cut], td[data-sized=true]");
  if (cell) cell.title = cell.scrollWidth > cell.clientWidth ? (cell.textContent ?? "") : "";
}

function Space({ height }: { height: number }) {
  return (
    <tr aria-hidden style={{ height }}>
      <td className={classes.space} />
    </tr>
  );
}

/** Which rows are drawn: all of a page, those in sight of a long list. */
function useRowWindow<T>(rows: T[], ids: string[], body: RefObject<HTMLElement | null>) {
  const virtual = rows.length > VIRTUAL_FROM;
  const scroller = () => body.current?.closest<HTMLElement>("[data-scrolls]") ?? document.documentElement;
  const virtualizer = useVirtualizer({
    count: rows.length,
    enabled: virtual,
    getScrollElement: scroller,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollMargin: virtual ? (body.current?.offsetTop ?? 0) : 0,
  });
  const drawn = (index: number) => ({ row: rows[index] as T, id: ids[index] as string, index });
  if (!virtual) return { window: rows.map((_, index) => drawn(index)), before: 0, after: 0 };
  const items = virtualizer.getVirtualItems();
  const margin = virtualizer.options.scrollMargin;
  const last = items.at(-1);
  return {
    window: items.map((item) => drawn(item.index)),
    before: (items[0]?.start ?? margin) - margin,
    after: last ? virtualizer.getTotalSize() - (last.end - margin) : 0,
  };
}
