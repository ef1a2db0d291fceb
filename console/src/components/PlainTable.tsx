import { Table, type TableProps } from "@mantine/core";
import cards from "./cards.module.css";
import type { Column } from "./column";

interface Props<T> extends Omit<TableProps, "data"> {
  /** Names the table for screen readers. */
  name: string;
  caption?: string;
  columns: Column<T>[];
  rows: readonly T[];
  rowId: (row: T) => string | number;
  /** What styles a row by. */
  rowProps?: (row: T) => Record<`data-${string}`, unknown>;
}

/** A short table within a panel or a dialog: all its rows at once. */
export function PlainTable<T>({ name, columns, rows, rowId, rowProps, caption, className, ...table }: Props<T>) {
  return (
    <Table aria-label={name} className={`${cards.cards} ${className ?? ""}`} {...table}>
      {caption && <Table.Caption>{caption}</Table.Caption>}
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column.id} scope="col" w={column.width} data-align={column.align}>
              {column.header}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={rowId(row)} {...rowProps?.(row)}>
            {columns.map((column) => (
              <Table.Td key={column.id} data-align={column.align} data-label={column.header}>
                {column.cell(row)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
