import { Drawer, Group, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconMenu2, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import type { MouseEvent } from "react";
import { IconButton } from "~/components/IconButton";
import { LiveChip } from "./LiveChip";
import { paletteStore } from "./Palette";
import { PageList } from "./Rail";
import { TenantSwitch } from "./TenantSwitch";
import classes from "./TopBar.module.css";
import { UserMenu } from "./UserMenu";
import { ZonePicker } from "./ZonePicker";

interface Props {
  onHelp: () => void;
  onMenu: () => void;
}

export function TopBar({ onHelp, onMenu }: Props) {
  return (
    <header className={classes.bar}>
      <IconButton icon={IconMenu2} iconSize={20} size={32} label="Open the menu" onClick={onMenu} hiddenFrom="sm" />
      <button type="button" className={classes.search} onClick={() => paletteStore.open()}>
        <IconSearch size={15} aria-hidden />
        <span>Search an ID or a name</span>
        <kbd>{/Mac/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <Group gap={6} wrap="nowrap" ml="auto" miw={0}>
        <LiveChip />
        <Group gap={6} wrap="nowrap" visibleFrom="sm">
          <View />
          <IconButton
            icon={IconKeyboard}
            iconSize={18}
            size={30}
            label="Show the keyboard shortcuts"
            hint="Shortcuts (?)"
            onClick={onHelp}
          />
          <TenantSwitch />
        </Group>
        <UserMenu />
      </Group>
    </header>
  );
}

/** In which zone and colours everything is shown. */
function View() {
  return (
    <>
      <ZonePicker />
      <SchemeButton />
    </>
  );
}

/** The menu of a phone: the pages, and what the bar has no room for. */
export function PhoneMenu({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const onClick = (event: MouseEvent) => (event.target as HTMLElement).closest("a") && onClose();
  return (
    <Drawer opened={opened} onClose={onClose} position="left" size={280} title="Menu" hiddenFrom="sm">
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: links are pressed by Enter, too */}
      <div onClick={onClick}>
        <PageList narrow={false} />
      </div>
      <Group gap="xs" px="md" py="sm">
        <TenantSwitch />
        <View />
      </Group>
    </Drawer>
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
