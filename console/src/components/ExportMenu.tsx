import { Button, type ButtonProps, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { addressOf } from "~/state/url";

interface Props extends ButtonProps {
  /** The list's address in the API. */
  list: string;
  /** The filter that is on screen, as the API takes it. */
  query: object;
  /** What of the list on screen the file has not. */
  note?: string | false;
}

/** Downloads all that a list shows with its filter, whatever part of it is on screen. */
export function ExportMenu({ list, query, note, ...button }: Props) {
  const item = (format: string, label: string) => (
    <Menu.Item component="a" href={addressOf(`${list}/export`, { ...query, format })} download>
      {label}
    </Menu.Item>
  );
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} />} {...button}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {note && <Menu.Label>{note}</Menu.Label>}
        {item("csv", "CSV, for spreadsheets")}
        {item("ndjson", "NDJSON, for programs")}
      </Menu.Dropdown>
    </Menu>
  );
}
