import { useEffect, useRef } from "react";
import { Listeners } from "./listeners";
import { stored } from "./stored";

/** A key, or keys one after the other (`g r`); `mod+k` works in inputs too. */
export interface Shortcut {
  keys: string;
  /** What it does, for the sheet. */
  label: string;
  group: string;
  run: () => void;
  /** Works while a dialog is open: for what the dialog itself offers. */
  inDialog?: boolean;
}

const SEQUENCE_MS = 1_200;

/** Single keys disturb those who dictate (WCAG 2.1.4): they may be switched off. */
export const shortcutsOn = stored("shortcuts", true, (text) => text !== "false");

const active: { current: Shortcut[] }[] = [];
const listeners = new Listeners();
let listed: Shortcut[] = [];
let pending = { keys: "", at: 0 };

function changed(): void {
  listed = active.flatMap((owner) => owner.current);
  listeners.notify();
}

/** Offers shortcuts while the component is shown. The newest owner of a key has it. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const names = shortcuts.map((shortcut) => shortcut.keys).join("|");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is announced anew when its keys change
  useEffect(() => {
    active.push(latest);
    changed();
    return () => {
      active.splice(active.indexOf(latest), 1);
      changed();
    };
  }, [names]);
}

/** All shortcuts of the page as it stands, for the sheet. */
export function useShortcutList(): Shortcut[] {
  return listeners.use(() => listed);
}

/** `mod+k`, `shift+x`, `?`, `Enter`: how a key press is written in `keys`. */
export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letter = /^[a-z]$/.test(key);
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  // Shift tells something for letters and named keys; in `?` it is in the character already.
  const shift = event.shiftKey && (letter || key.length > 1) ? "shift+" : "";
  return mod + alt + shift + key;
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.role === "combobox";
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const name = keyName(event);
  const withMod = name.startsWith("mod+");
  if (!withMod && (isTyping(event.target) || !shortcutsOn.get())) return;
  // Enter and Space belong to the control that has the focus.
  const target = event.target instanceof HTMLElement ? event.target.tagName : "";
  if ((name === "Enter" || name === " ") && /^(BUTTON|A|SUMMARY)$/.test(target)) return;
  const now = Date.now();
  const sequence = now - pending.at < SEQUENCE_MS ? `${pending.keys} ${name}` : name;
  const inDialog = document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
  // Not `listed`: what a key does is that of the newest render.
  const current = active.flatMap((owner) => owner.current);
  const usable = current.reverse().filter((shortcut) => shortcut.inDialog || !inDialog);
  const found = usable.find((one) => one.keys === sequence) ?? usable.find((one) => one.keys === name);
  pending = usable.some((one) => one.keys.startsWith(`${name} `)) ? { keys: name, at: now } : { keys: "", at: 0 };
  if (!found) return;
  event.preventDefault();
  found.run();
}

/** The one listener; the shell installs it. */
export function useShortcutListener(): void {
  useEffect(() => {
    document.addEventListener("keydown", handleKey);
    return () => document.removeEventListener("keydown", handleKey);
  }, []);
}
