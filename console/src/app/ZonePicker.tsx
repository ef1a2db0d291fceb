import { Combobox, ScrollArea, Tooltip, useCombobox } from "@mantine/core";
import { useMemo, useState } from "react";
import { useNow } from "~/state/clock";
import { zoneLabel, zoneOffset } from "~/state/format";
import { zoneChoice, zoneName, zones } from "~/state/zone";
import classes from "./TopBar.module.css";

const MOST_SHOWN = 60;

/** In which zone all times of the console are shown. */
export function ZonePicker() {
  const choice = zoneChoice.use();
  const now = useNow();
  const [search, setSearch] = useState("");
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setSearch("");
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  });
  const all = useMemo(() => ["local", "utc", ...zones()], []);
  const wanted = search.trim().toLowerCase().replace(/ /g, "_");
  const shown = all
    .filter((zone) => titleOf(zone).toLowerCase().replace(/ /g, "_").includes(wanted))
    .slice(0, MOST_SHOWN);
  const zone = zoneName(choice);
  return (
    <Combobox
      store={combobox}
      width={300}
      position="bottom-end"
      onOptionSubmit={(value) => {
        zoneChoice.set(value);
        combobox.closeDropdown();
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Tooltip label={`Times are shown in ${zone} (${zoneOffset(now, zone)})`}>
          <button
            type="button"
            className={classes.zone}
            onClick={() => combobox.toggleDropdown()}
            aria-label={`${zoneLabel(now, zone)}: times are shown in ${zone}. Change`}
            aria-haspopup="listbox"
            aria-expanded={combobox.dropdownOpened}
          >
            {zoneLabel(now, zone)}
          </button>
        </Tooltip>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          placeholder="Search a city"
          aria-label="Search a time zone"
        />
        <Combobox.Options>
          <ScrollArea.Autosize mah={300} type="auto">
            {shown.map((name) => (
              <Combobox.Option key={name} value={name} active={name === choice}>
                {titleOf(name)} <span style={{ opacity: 0.65 }}>{zoneOffset(now, zoneName(name))}</span>
              </Combobox.Option>
            ))}
            {shown.length === 0 && <Combobox.Empty>No such zone</Combobox.Empty>}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function titleOf(choice: string): string {
  if (choice === "utc") return "UTC";
  if (choice === "local") return `Local (${zoneName("local")})`;
  return choice.replace(/_/g, " ");
}
