/** What somebody typed into a form and has not saved yet. It is kept in this browser, for this person alone. */
export interface Draft<V> {
  /** When it was last changed, in ms. */
  at: number;
  /** The ETag of what it began from; null for a new object. */
  version: string | null;
  /** What it began from. */
  base: V;
  values: V;
}

const PREFIX = "syncline.draft.";
/** Forms of a browser whose drafts are kept; the one that was changed longest ago goes first. */
const MOST = 50;

/** Where the draft of an object's form is kept; `name` is null for a new object. */
export function draftKey(tenant: string, user: string, kind: string, name: string | null): string {
  return PREFIX + JSON.stringify([tenant, user, kind, name]);
}

/** Keeps a draft. False where the browser does not: storage is blocked or full. */
export function keepDraft<V>(key: string, draft: Draft<V>): boolean {
  try {
    if (localStorage.getItem(key) === null) dropOldest();
    localStorage.setItem(key, JSON.stringify(draft));
    return true;
  } catch {
    // A shorter text of before would be taken for the newest one.
    dropDraft(key);
    return false;
  }
}

export function readDraft<V>(key: string): Draft<V> | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

export function dropDraft(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Blocked storage holds none.
  }
}

/** Makes room for one more. */
function dropOldest(): void {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  const byAge = keys.map((key) => ({ key, at: readDraft(key)?.at ?? 0 })).sort((one, other) => other.at - one.at);
  for (const { key } of byAge.slice(MOST - 1)) dropDraft(key);
}
