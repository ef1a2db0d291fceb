import { Group, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { IconButton } from "~/components/IconButton";
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
        <span>Search an ID or a name</span>
        <kbd>{/Mac/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <Group gap={6} wrap="nowrap" ml="auto">
        <LiveChip />
        <ZonePicker />
        <SchemeButton />
        <IconButton
          icon={IconKeyboard}
          iconSize={18}
          size={30}
          label="Show the keyboard shortcuts"
          hint="Shortcuts (?)"
          onClick={onHelp}
        />
        <TenantSwitch />
        <UserMenu />
      </Group>
    </header>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const next = useComputedColorScheme("light") === "dark" ? "light" : "dark";
  const icon = next === "light" ? IconSun : IconMoon;
  return (
    <IconButton icon={icon} iconSize={18} size={30} label={`Make it ${next}`} onClick={() => setColorScheme(next)} />
  );
}
