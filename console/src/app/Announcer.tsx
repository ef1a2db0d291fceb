import { Listeners } from "~/state/listeners";
import classes from "./Shell.module.css";

let said = "";
const listeners = new Listeners();

/** Tells screen readers what changed, once, without taking the focus: changes of state, never each tick. */
export function announce(text: string): void {
  // The same text twice must be heard twice: a no-break space makes it differ.
  said = said === text ? `${text}\u00a0` : text;
  listeners.notify();
}

/** The one polite live region of the console. */
export function Announcer() {
  const text = listeners.use(() => said);
  return (
    <div className={classes.hidden} role="status" aria-live="polite" data-testid="announcer">
      {text}
    </div>
  );
}
