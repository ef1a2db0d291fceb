import { ActionIcon, Checkbox, Popover, Stack, Tooltip } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";

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
        <Tooltip label="Columns">
          <ActionIcon variant="subtle" color="gray" size={30} aria-label="Choose columns">
            <IconColumns3 size={17} />
          </ActionIcon>
        </Tooltip>
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
