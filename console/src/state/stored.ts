import { Listeners } from "./listeners";

/** A choice of the person that outlives the page; every component that shows it follows. */
export interface Stored<T> {
  get: () => T;
  set: (value: T) => void;
  use: () => T;
}

export function stored<T>(key: string, initial: T, read: (text: string) => T | undefined): Stored<T> {
  const name = `syncline.${key}`;
  const listeners = new Listeners();
  let value = initial;
  try {
    const text = localStorage.getItem(name);
    if (text !== null) value = read(text) ?? initial;
  } catch {
    // Storage may be blocked: the choice then lasts as long as the page.
  }
  const get = () => value;
  return {
    get,
    set(next) {
      value = next;
      try {
        localStorage.setItem(name, String(next));
      } catch {
        // As above.
      }
      listeners.notify();
    },
    use: () => listeners.use(get),
  };
}
