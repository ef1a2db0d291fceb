import createClient, { type Middleware } from "openapi-fetch";
import { encodeBody, parseAnswer } from "./lossless";
import { problemOf } from "./problem";
import type { components, paths } from "./schema";

/** A type of the API by its name in the OpenAPI document. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

const parsed = new WeakMap<Response, unknown>();
let csrf = "";
let skew = 0;

/** The session's token: writes carry it, so that no other site can write in a person's name. */
export function setCsrfToken(token: string): void {
  csrf = token;
}

/** The server's clock, for ages: the browser's may be wrong. */
export function serverNow(): number {
  return Date.now() + skew;
}

function noteClock(response: Response): void {
  const date = Date.parse(response.headers.get("date") ?? "");
  // The header has whole seconds: a smaller difference says nothing.
  if (!Number.isNaN(date)) skew = Math.abs(date - Date.now()) < 2000 ? 0 : date - Date.now();
}

const rules: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-Syncline-CSRF", csrf);
    request.headers.set("Accept", "application/json");
    return request;
  },
  async onResponse({ response }) {
    noteClock(response);
    if (!response.ok) throw await problemOf(response);
    const text = await response.text();
    const headers = new Headers(response.headers);
    headers.delete("content-length");
    const empty = new Response(response.status === 204 ? null : "", { status: response.status, headers });
    parsed.set(empty, text ? parseAnswer(text) : undefined);
    return empty;
  },
};

/** The REST API, typed by its OpenAPI document. Use with `answer`: `answer(api.GET("/api/v1/runs", …))`. */
export const api = createClient<paths>({ baseUrl: location.origin, bodySerializer: encodeBody });
api.use(rules);

/** What a call answered. Throws a `Problem` when it did not succeed. */
export async function answer<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { response } = await call;
  return parsed.get(response) as T;
}

/** The same with the ETag, for edits that send it back in `If-Match`. */
export async function answerWithTag<T>(
  call: Promise<{ data?: T; response: Response }>,
): Promise<{ value: T; etag: string | null }> {
  const { response } = await call;
  return { value: parsed.get(response) as T, etag: response.headers.get("etag") };
}
