import { Anchor, type AnchorProps } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";
import { parseSearch } from "~/state/url";

interface Props extends AnchorProps {
  /** An address within the console, with its search: one of `links`. */
  to: string;
  children: ReactNode;
  "aria-label"?: string;
  ref?: Ref<HTMLAnchorElement>;
}

/** A link to a page of the console; opens in a new tab like any other. */
export function PageLink({ to, ...rest }: Props) {
  return <Anchor inherit renderRoot={(props) => <Link {...props} {...destination(to)} />} {...rest} />;
}

/** An address split as the router wants it. */
export function destination(to: string): { to: string; search: never } {
  const [path = "/", search = ""] = to.split("?", 2);
  return { to: path, search: parseSearch(search) as never };
}
