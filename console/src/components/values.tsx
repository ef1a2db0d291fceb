import { ActionIcon, Anchor, type AnchorProps, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ComponentProps, CSSProperties, ReactNode, Ref } from "react";
import { links } from "~/app/links";
import { useNow } from "~/state/clock";
import { absolute, duration, inZone, relative, zoneLabel, zoneOffset } from "~/state/format";
import { zoneChoice, zoneName } from "~/state/zone";
import { lookOf, type StatusOf, type Tone } from "./status";
import classes from "./values.module.css";

interface LinkProps extends AnchorProps {
  /** An address within the console, with its search: one of `links`. */
  to: string;
  children: ReactNode;
  "aria-label"?: string;
  ref?: Ref<HTMLAnchorElement>;
}

/** A link to a page of the console; opens in a new tab like any other. */
export function PageLink({ to, ...rest }: LinkProps) {
  return <Anchor inherit renderRoot={(props) => <PlainLink {...props} to={to} />} {...rest} />;
}

/** The same without a look, to be the root of a button or a tile. */
export function PlainLink({ to, ...rest }: ComponentProps<"a"> & { to: string }) {
  return <Link {...rest} to="." href={to} />;
}

interface IdProps {
  value: string;
  /** What it is, for the button's name: "correlation ID". */
  what: string;
  /** Makes the ID a link. */
  to?: string;
  /** Show the whole of it, as in a header. */
  whole?: boolean;
}

/** An ID in the middle cut, with a button that copies the whole. Long source IDs are never cut without it. */
export function CopyId({ value, what, to, whole = false }: IdProps) {
  const text = whole ? value : shorten(value);
  const shown = to ? <PageLink to={to}>{text}</PageLink> : <span className={classes.cut}>{text}</span>;
  return (
    <span className={classes.id}>
      {text === value ? shown : <Tooltip label={value}>{shown}</Tooltip>}
      <CopyButton value={value} timeout={1500}>
        {({ copied, copy }) => (
          <ActionIcon
            size={20}
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

/** A name in one line, of which a long one is cut; its tooltip has the whole. */
export function Cut({ children, width = 180 }: { children: string; width?: number }) {
  return (
    <span className={classes.oneLine} style={{ "--most": `${width}px` } as CSSProperties} title={children}>
      {children}
    </span>
  );
}

/** `01996f4e…3c1a2b3d`: both ends tell, the first by time, the last by chance. */
export function shorten(value: string): string {
  return value.length <= 22 ? value : `${value.slice(0, 8)}…${value.slice(-8)}`;
}

/** The correlation ID of a run, with a way to it; a dash where there is none. */
export function RunId({ id }: { id: string | null | undefined }) {
  return id ? <CopyId value={id} what="correlation ID" to={links.run(id)} /> : "–";
}

/** The colours of a tone. */
export function toneOf(tone: Tone) {
  return { color: `var(--sl-${tone}-text)`, background: `var(--sl-${tone}-fill)` };
}

interface BadgeProps {
  of: StatusOf;
  state: string;
  /** Why it is so, such as the name of the inactive profile. */
  reason?: string | null | undefined;
  size?: "sm" | "md";
}

/** A state as icon, word and colour: none of them alone. */
export function StatusBadge({ of, state, reason, size = "sm" }: BadgeProps) {
  const look = lookOf(of, state);
  const Icon = look.icon;
  const hint = reason ? <Told>{reason}</Told> : look.hint;
  return (
    <Tooltip label={hint} disabled={!hint} multiline maw={320}>
      <span className={classes.badge} data-size={size} style={toneOf(look.tone)}>
        <Icon size={size === "sm" ? 14 : 18} aria-hidden />
        {look.word}
      </span>
    </Tooltip>
  );
}

interface TimeProps {
  at: string | null | undefined;
  /** `relative`: "3 min ago". `absolute`: date and clock with the zone. `clock`: the clock alone, with the zone. */
  as?: "relative" | "absolute" | "clock";
  /** Shown when there is no time. */
  none?: string;
}

/** A time of the API, with its zone; the other form is in the tooltip. */
export function Time({ at, as = "relative", none = "–" }: TimeProps) {
  const zone = zoneName(zoneChoice.use());
  const now = useNow();
  const time = at ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(time)) return <span className={classes.dim}>{none}</span>;
  const label = zoneLabel(time, zone);
  const whole = `${absolute(time, zone)} ${label}`;
  const shown = { relative: relative(time, now), absolute: whole, clock: whole.slice(11) }[as];
  const other = as === "relative" ? `${whole} (${zone}, ${zoneOffset(time, zone)})` : relative(time, now);
  return (
    <Tooltip label={other}>
      <time dateTime={at ?? undefined} className={classes.numbers}>
        {shown}
      </time>
    </Tooltip>
  );
}

/** A reason that the server gives, with the times in it as all others are shown. */
export function Told({ children }: { children: string }) {
  return inZone(children, zoneName(zoneChoice.use()));
}

/** How long something took, or has taken so far when `to` is missing. */
export function Duration({ ms, from, to }: { ms?: number | null; from?: string | null; to?: string | null }) {
  if (ms !== undefined) return <span className={classes.numbers}>{duration(ms)}</span>;
  if (!from) return <span className={classes.dim}>–</span>;
  if (!to) return <Elapsed since={Date.parse(from)} />;
  return <span className={classes.numbers}>{duration(Date.parse(to) - Date.parse(from))}</span>;
}

function Elapsed({ since }: { since: number }) {
  const seconds = Math.max(0, Math.floor((useNow() - since) / 1_000));
  return <span className={classes.numbers}>{seconds < 60 ? `${seconds} s` : duration(seconds * 1_000)}</span>;
}
