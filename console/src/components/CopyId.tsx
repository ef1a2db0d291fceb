import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { PageLink } from "./PageLink";
import classes from "./text.module.css";

interface Props {
  value: string;
  /** What it is, for the button's name: "correlation ID". */
  what: string;
  /** Makes the ID a link. */
  to?: string;
  /** Show the whole of it, as in a header. */
  whole?: boolean;
}

/** An ID in the middle cut, with a button that copies the whole. Long source IDs are never cut without it. */
export function CopyId({ value, what, to, whole = false }: Props) {
  const text = whole ? value : shorten(value);
  const shown = to ? <PageLink to={to}>{text}</PageLink> : <span className={classes.cut}>{text}</span>;
  return (
    <span className={classes.id}>
      {text === value ? shown : <Tooltip label={value}>{shown}</Tooltip>}
      <CopyButton value={value} timeout={1500}>
        {({ copied, copy }) => (
          <ActionIcon
            size={20}
            variant="subtle"
            color={copied ? "teal" : "gray"}
            className={classes.copy}
            data-done={copied}
            onClick={(event) => {
              event.stopPropagation();
              copy();
            }}
            aria-label={copied ? `Copied ${what}` : `Copy ${what} ${value}`}
          >
            {copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
          </ActionIcon>
        )}
      </CopyButton>
    </span>
  );
}

/** `01996f4e…3c1a2b3d`: both ends tell, the first by time, the last by chance. */
export function shorten(value: string): string {
  return value.length <= 22 ? value : `${value.slice(0, 8)}…${value.slice(-8)}`;
}
