import { Button, Checkbox, Group, Popover, Stack } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3, IconMinus, IconPlus } from "@tabler/icons-react";
import { IconButton } from "./IconButton";
import { STEP, type TableLayout } from "./layout";

interface Props {
  columns: { id: string; header: string }[];
  layout: TableLayout;
  /** How wide a column is now. */
  widthNow: (id: string) => number;
}

/** Chooses the columns of a table, their order and widths; one at least stays. */
export function ColumnMenu({ columns, layout, widthNow }: Props) {
  const { hidden, toggle, move, resize } = layout;
  const shown = columns.length - columns.filter(({ id }) => hidden.includes(id)).length;
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <IconButton icon={IconColumns3} iconSize={17} size={30} label="Choose columns" hint="Columns" />
      </Popover.Target>
      <Popover.Dropdown p="sm" mah="70vh" style={{ overflowY: "auto" }}>
        <Stack gap={4} component="ul" p={0} m={0}>
          {columns.map(({ id, header }, index) => {
            const name = header || id;
            const isHidden = hidden.includes(id);
            const button = (icon: typeof IconPlus, label: string, run: () => void, disabled = false) => (
              <IconButton icon={icon} iconSize={13} size={24} label={label} onClick={run} disabled={disabled} />
            );
            return (
              <Group key={id} component="li" justify="space-between" gap="md" wrap="nowrap">
                <Checkbox
                  size="xs"
                  label={name}
                  checked={!isHidden}
                  disabled={!isHidden && shown === 1}
                  onChange={() => toggle(id)}
                />
                <Group gap={2} wrap="nowrap" visibleFrom="sm">
                  {button(IconArrowUp, `Move ${name} to the left`, () => move(id, columns[index - 1]?.id), index === 0)}
                  {button(
                    IconArrowDown,
                    `Move ${name} to the right`,
                    () => move(id, columns[index + 1]?.id),
                    index === columns.length - 1,
                  )}
                  {button(IconMinus, `Make ${name} narrower`, () => resize(id, widthNow(id) - STEP), isHidden)}
                  {button(IconPlus, `Make ${name} wider`, () => resize(id, widthNow(id) + STEP), isHidden)}
                </Group>
              </Group>
            );
          })}
        </Stack>
        {/* It stays when there is nothing to reset: else the focus would be nowhere after a press. */}
        <Button
          mt="xs"
          size="compact-xs"
          variant="subtle"
          aria-disabled={!layout.isChanged}
          data-disabled={!layout.isChanged || undefined}
          onClick={() => layout.isChanged && layout.reset()}
        >
          Reset columns
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
