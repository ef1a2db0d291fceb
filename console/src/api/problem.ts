import { capital } from "~/state/format";

/** What the API says when it refuses or fails: RFC 9457. */
export interface ProblemDocument {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  code?: string;
  errors?: { path: string; message: string }[];
}

/** Thrown by every call of the API that did not succeed. */
export class Problem extends Error {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors: { path: string; message: string }[];

  constructor(readonly document: ProblemDocument) {
    super(document.detail ? `${document.title}: ${document.detail}` : document.title);
    this.name = "Problem";
    this.title = document.title;
    this.status = document.status;
    this.detail = document.detail ?? "";
    this.code = document.code ?? "";
    this.errors = document.errors ?? [];
  }

  /** The same without the errors that are shown elsewhere; undefined when nothing is left to say. */
  without(isElsewhere: (path: string) => boolean): Problem | undefined {
    if (!this.errors.some((error) => isElsewhere(error.path))) return this;
    const errors = this.errors.filter((error) => !isElsewhere(error.path));
    return errors.length ? new Problem({ ...this.document, errors }) : undefined;
  }

  /** Whether trying again may help: the gateway was not reached, or something behind it is away. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

/** First name of a JSON path: `$.sourceIds[3]` is about `sourceIds`. */
export function fieldOf(path: string): string {
  return plainPath(path).split(/[.[]/, 1)[0] ?? "";
}

/** A JSON path without its beginning, as people read it: `$.a.b` is `a.b`. */
export function plainPath(path: string): string {
  return path.replace(/^\$\.?/, "");
}

const SHORT: Record<string, string> = { id: "ID", ids: "IDs", url: "URL", api: "API", sql: "SQL", json: "JSON" };

/** A JSON path as a form calls the field: `$.sourceIds[3]` is `Source IDs, entry 4`. */
export function labelOf(path: string): string {
  const parts = plainPath(path.replace(/^(query|path|header)\./, "")).match(/\w+/g) ?? [];
  const said = parts.map((part) =>
    /^\d+$/.test(part)
      ? `entry ${Number(part) + 1}`
      : part
          .replace(/([a-z\d])([A-Z])/g, "$1 $2")
          .split(/[ _]/)
          .map((word) => SHORT[word.toLowerCase()] ?? word.toLowerCase())
          .join(" "),
  );
  return capital(said.join(", "));
}

/**
 * What is wrong, by the field of a form: `$.sourceIds[3]` is about `sourceIds`, `$.retry.base` about that and `retry`.
 * `names`: the form's name of a field that the API calls otherwise.
 */
export function errorsByField(problem: Problem, names: Record<string, string> = {}): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, message } of problem.errors) {
    const field = fieldOf(path);
    found[names[field] ?? field] ??= message;
    found[plainPath(path)] ??= message;
  }
  return found;
}

const UNREACHABLE: ProblemDocument = {
  title: "Syncline does not answer",
  status: 0,
  detail: "The gateway could not be reached. Nothing was lost: what runs goes on without this page.",
};

/** Turns whatever was thrown into a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem(UNREACHABLE);
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem({ title: "This page went wrong", status: -1, detail });
}

/** Reads the problem of an answer; an answer without one (a proxy's page) gets a plain one. */
export async function problemOf(response: Response): Promise<Problem> {
  const plain: ProblemDocument = {
    title: response.statusText || `The server answered ${response.status}`,
    status: response.status,
  };
  try {
    const document = (await response.json()) as Partial<ProblemDocument>;
    return new Problem({ ...plain, ...document });
  } catch {
    return new Problem(plain);
  }
}
