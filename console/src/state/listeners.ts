import { useSyncExternalStore } from "react";

/** Those who are told when a value outside of React has changed. */
export class Listeners {
  private readonly all = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.all.add(listener);
    return () => this.all.delete(listener);
  };

  notify(): void {
    for (const listener of this.all) listener();
  }

  /** The value as it is, in a component: drawn anew at each change. */
  use<T>(read: () => T): T {
    // biome-ignore lint/correctness/useHookAtTopLevel: it is a hook by its name
    return useSyncExternalStore(this.subscribe, read);
  }
}
