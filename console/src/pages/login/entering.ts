import { useRef } from "react";
import { toast } from "~/components/toast";

/** What stands behind `#` of a one-time link; taken out of the address at once, so that it stays in no history. */
export function useLink(): string {
  const link = useRef<string | undefined>(undefined);
  if (link.current === undefined) {
    link.current = location.hash.slice(1);
    if (link.current) history.replaceState(history.state, "", location.pathname + location.search);
  }
  return link.current;
}

/** Where to go after signing in: an address of this console, and of no other site. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get("next") ?? "/";
  const url = URL.canParse(next, location.origin) ? new URL(next, location.origin) : undefined;
  const here = url?.origin === location.origin && next.startsWith("/") && !next.startsWith("/login");
  return here && url ? url.pathname + url.search : "/";
}

/** Opens a page anew, so that nothing of what somebody else saw is left. */
export function enter(page = "/"): void {
  location.assign(page);
}

/** Ends what a person has here and opens a page anew, so that nothing of what they saw is left. */
export async function leave(call: () => Promise<unknown>, page: string): Promise<void> {
  try {
    await call();
    enter(page);
  } catch (error) {
    toast.failed(error);
  }
}
