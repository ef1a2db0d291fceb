import { Anchor, type AnchorProps } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ComponentProps, ReactNode, Ref } from "react";

interface Props extends AnchorProps {
  /** An address within the console, with its search: one of `links`. */
  to: string;
  children: ReactNode;
  "aria-label"?: string;
  ref?: Ref<HTMLAnchorElement>;
}

/** A link to a page of the console; opens in a new tab like any other. */
export function PageLink({ to, ...rest }: Props) {
  return <Anchor inherit renderRoot={(props) => <PlainLink {...props} to={to} />} {...rest} />;
}

/** The same without a look, to be the root of a button or a tile. */
export function PlainLink({ to, ...rest }: ComponentProps<"a"> & { to: string }) {
  return <Link {...rest} to="." href={to} />;
}
