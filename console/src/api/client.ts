import createClient, { type Middleware, type RequestBodyOption } from "openapi-fetch";
import type {
  HttpMethod,
  MediaType,
  PathsWithMethod,
  RequiredKeysOf,
  ResponseObjectMap,
  SuccessResponse,
} from "openapi-typescript-helpers";
import { encodeBody, type JsonText, parseAnswer } from "./lossless";
import { problemOf } from "./problem";
import type { components, paths } from "./schema";

/** A type of the API by its name in the OpenAPI document. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** A part of a list, as every list of the API answers; `next` asks for the part behind it. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}

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

/**
 * By how many milliseconds the server's clock is ahead of the browser's, from the date of an answer.
 *
 * The answer was made between `sent` and `received`: a slow one says nothing of the clocks. The date has whole seconds, so
 * that a difference below 2 s says nothing either.
 */
export function skewOf(date: number, sent: number, received: number): number {
  if (date < sent - 2_000) return date - sent;
  return date > received + 2_000 ? date - received : 0;
}

const sentAt = new WeakMap<globalThis.Request, number>();

function noteClock(request: globalThis.Request, response: Response): void {
  const date = Date.parse(response.headers.get("date") ?? "");
  const received = Date.now();
  if (!Number.isNaN(date)) skew = skewOf(date, sentAt.get(request) ?? received, received);
}

const rules: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-Syncline-CSRF", csrf);
    request.headers.set("Accept", "application/json");
    sentAt.set(request, Date.now());
    return request;
  },
  async onResponse({ request, response }) {
    noteClock(request, response);
    if (!response.ok) throw await problemOf(response);
    const text = await response.text();
    const headers = new Headers(response.headers);
    headers.delete("content-length");
    const empty = new Response(response.status === 204 ? null : "", { status: response.status, headers });
    const isRaw = headers.get("content-type") === "application/octet-stream";
    parsed.set(empty, isRaw ? text : text ? parseAnswer(text) : undefined);
    return empty;
  },
};

const client = createClient<paths>({ baseUrl: location.origin, bodySerializer: encodeBody });
client.use(rules);
/** The same without types, which `Request` and `Answer` give it. */
const send = client.request as unknown as (
  method: string,
  url: string,
  init: object,
) => Promise<{ response: Response }>;

type Body<T> = T extends { body: infer B } ? { body: B | JsonText } : T;
/** What a call takes: `path`, `query`, `header` and `body` as the OpenAPI document says. */
type Request<T> = (T extends { parameters: infer P } ? P : unknown) &
  Body<RequestBodyOption<T>> & { signal?: AbortSignal };
type Given<T> = RequiredKeysOf<Request<T>> extends never ? [Request<T>?] : [Request<T>];
type Answer<T> = T extends Record<string | number, unknown> ? SuccessResponse<ResponseObjectMap<T>, MediaType> : never;

/** An answer with its ETag, for edits that send it back in `If-Match`. */
export interface Tagged<T> {
  value: T;
  etag: string | null;
}

/** A version of an object, as `If-Match` takes it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

function method<M extends HttpMethod>(name: M) {
  type Path = PathsWithMethod<paths, M>;
  return async <P extends Path>(url: P, ...[request]: Given<paths[P][M]>): Promise<Tagged<Answer<paths[P][M]>>> => {
    const { path, query, header, ...rest } = (request ?? {}) as Record<string, Record<string, unknown>>;
    const given = Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== ""));
    const { response } = await send(name, url, { params: { path, query: given, header }, ...rest });
    return { value: parsed.get(response) as Answer<paths[P][M]>, etag: response.headers.get("etag") };
  };
}

function answer<M extends HttpMethod>(name: M) {
  const call = method(name);
  return async <P extends PathsWithMethod<paths, M>>(url: P, ...request: Given<paths[P][M]>) =>
    (await call(url, ...request)).value;
}

/**
 * The REST API, typed by its OpenAPI document: `api.get("/api/v1/runs", { query: { limit: 50 } })` is what the call
 * answers, or throws a `Problem`. What is undefined or "" in a query is left out.
 */
export const api = {
  get: answer("get"),
  getTagged: method("get"),
  post: answer("post"),
  put: answer("put"),
  patch: answer("patch"),
  delete: answer("delete"),
};
