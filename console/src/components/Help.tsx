import { ActionIcon, Anchor, Group } from "@mantine/core";
import { IconHelp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { helpOfCode } from "~/app/help";

interface Props {
  /** A place of the docs: what `helpOf` gives. */
  to: string;
  /** What it explains. */
  of: string;
}

/** Opens the paragraph of the docs, in a tab of its own: what is typed here stays. */
export function HelpLink({ to, of }: Props) {
  const label = `Help: ${of}`;
  return (
    <ActionIcon component="a" href={to} target="_blank" size={20} color="gray" aria-label={label} title={label}>
      <IconHelp size={15} />
    </ActionIcon>
  );
}

/** A code of an error, with the way to its paragraph. */
export function CodeLink({ code }: { code: string }) {
  return (
    <Anchor inherit underline="always" href={helpOfCode(code)} target="_blank" title="What this code means">
      {code}
    </Anchor>
  );
}

/** What an input has to have its help behind it; nothing where there is none. */
export function helped(to: string | undefined, of: string) {
  if (!to) return {};
  return {
    inputContainer: (input: ReactNode) => (
      <Group gap={6} wrap="nowrap">
        <div style={{ flex: 1, minWidth: 0 }}>{input}</div>
        <HelpLink to={to} of={of} />
      </Group>
    ),
  };
}
