import { ActionIcon, Group, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { LiveChip } from "./LiveChip";
import { paletteStore } from "./Palette";
import { TenantSwitch } from "./TenantSwitch";
import classes from "./TopBar.module.css";
import { UserMenu } from "./UserMenu";
import { ZonePicker } from "./ZonePicker";

export function TopBar({ onHelp }: { onHelp: () => void }) {
  return (
    <header className={classes.bar}>
      <button type="button" className={classes.search} onClick={() => paletteStore.open()}>
        <IconSearch size={15} aria-hidden />
        <span>Search a correlation, source or target ID</span>
        <kbd>{/Mac/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <Group gap={6} wrap="nowrap" ml="auto">
        <LiveChip />
        <ZonePicker />
        <SchemeButton />
        <Tooltip label="Shortcuts (?)">
          <ActionIcon variant="subtle" color="gray" size={30} onClick={onHelp} aria-label="Show the keyboard shortcuts">
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
        <TenantSwitch />
        <UserMenu />
      </Group>
    </header>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const next = useComputedColorScheme("light") === "dark" ? "light" : "dark";
  const Icon = next === "light" ? IconSun : IconMoon;
  return (
    <Tooltip label={`Make it ${next}`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        onClick={() => setColorScheme(next)}
        aria-label={`Make it ${next}`}
      >
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
  );
}
