import { useBlocker } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { confirm } from "../confirm";

const QUESTION = {
  title: "Leave without saving?",
  body: "What you typed here is not saved and would be lost.",
  confirm: "Leave",
  cancel: "Stay",
  danger: true,
};

/**
 * Asks before something is lost that is kept nowhere: when a link or Back leads away, and when the tab is closed or reloaded.
 * Navigate with `ignoreBlocker` after what was typed is saved.
 *
 * `part`: the search parameter by which a dialog is open. Without it only another page is away; a change of the
 * address within the page is not.
 */
export function useUnsaved(lost: boolean, part?: string): void {
  useBlocker({
    shouldBlockFn: async ({ current, next }) => {
      const stays = current.pathname === next.pathname && (!part || same(part, current.search, next.search));
      return lost && !stays && !(await confirm(QUESTION));
    },
    enableBeforeUnload: lost,
  });
}

function same(part: string, ...searches: object[]): boolean {
  return new Set(searches.map((search) => (search as Record<string, unknown>)[part])).size === 1;
}

/** Asks whether to leave. True when nothing was changed, or it may be lost. */
export async function mayLeave(dirty: boolean): Promise<boolean> {
  return !dirty || confirm(QUESTION);
}

/**
 * What a form began with, for as long as somebody types: what comes newer from the server waits until it is saved or
 * given up, and the server refuses a save that is based on something older.
 */
export function useHeld<T>(newest: T) {
  const [held, setHeld] = useState<{ first: T; value: T } | null>(null);
  const latest = useRef(newest);
  useEffect(() => {
    latest.current = newest;
  });
  const hold = useCallback((on: boolean) => {
    setHeld((before) => (on ? (before ?? { first: latest.current, value: latest.current }) : null));
  }, []);
  /** Goes on from something newer, while somebody types. */
  const renew = useCallback((value: T) => setHeld((before) => before && { ...before, value }), []);
  return { shown: held ? held.value : newest, first: held ? held.first : newest, hold, renew };
}
