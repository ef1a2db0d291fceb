import { Checkbox, Popover, Stack } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { IconButton } from "./IconButton";

interface Props {
  columns: { id: string; header: string }[];
  hidden: string[];
  onToggle: (id: string) => void;
}

/** Chooses the columns of a table; the first always stays. */
export function ColumnMenu({ columns, hidden, onToggle }: Props) {
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <IconButton icon={IconColumns3} iconSize={17} size={30} label="Choose columns" hint="Columns" />
      </Popover.Target>
      <Popover.Dropdown p="sm">
        <Stack gap={8}>
          {columns.map((column, index) => (
            <Checkbox
              key={column.id}
              size="xs"
              label={column.header || column.id}
              checked={!hidden.includes(column.id)}
              disabled={index === 0}
              onChange={() => onToggle(column.id)}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
