import { Tooltip } from "@mantine/core";
import classes from "./StatusBadge.module.css";
import { lookOf, type StatusOf } from "./status";

interface Props {
  of: StatusOf;
  state: string;
  /** Why it is so, such as the name of the inactive profile. */
  reason?: string | null | undefined;
  size?: "sm" | "md";
}

/** A state as icon, word and colour: none of them alone. */
export function StatusBadge({ of, state, reason, size = "sm" }: Props) {
  const look = lookOf(of, state);
  const Icon = look.icon;
  const hint = reason || look.hint;
  return (
    <Tooltip label={hint} disabled={!hint} multiline maw={320}>
      <span className={classes.badge} data-tone={look.tone} data-size={size}>
        <Icon size={size === "sm" ? 14 : 18} aria-hidden />
        {look.word}
      </span>
    </Tooltip>
  );
}
