import { List } from "@mantine/core";

interface Props {
  warnings: readonly { path: string; message: string }[];
}

/** What is allowed and probably not meant, each with where it stands. */
export function Warnings({ warnings }: Props) {
  return (
    <List size="sm">
      {warnings.map((one) => (
        <List.Item key={one.path + one.message}>
          {one.path !== "$" && <code>{one.path.replace(/^\$\.?/, "")}</code>} {one.message}
        </List.Item>
      ))}
    </List>
  );
}
