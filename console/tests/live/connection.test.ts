import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { backoff, follow, SILENCE_MS } from "~/live/connection";
import type { Signal } from "~/live/signals";

/** A server: each request gets the next answer, and a stream is written by the test. */
class Server {
  readonly requests: { headers: Record<string, string>; signal: AbortSignal }[] = [];
  readonly answers: number[] = [];
  private stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  readonly fetch = async (_url: string, request: { headers: Record<string, string>; signal: AbortSignal }) => {
    this.requests.push(request);
    const status = this.answers.shift() ?? 200;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.stream = controller;
        request.signal.addEventListener("abort", () => controller.error(request.signal.reason));
      },
    });
    return { ok: status === 200, status, body } as Response;
  };

  async send(text: string): Promise<void> {
    this.stream?.enqueue(new TextEncoder().encode(text));
    await passed(0);
  }

  async close(): Promise<void> {
    this.stream?.close();
    await passed(0);
  }
}

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);
let server: Server;
let heard: Signal[];
let stop: () => void;

async function connected(...answers: number[]): Promise<void> {
  server.answers.push(...answers);
  stop = follow("/api/v1/events?topics=runs", (signal) => heard.push(signal));
  await passed(0);
}

const kinds = () => heard.map((signal) => signal.kind);
const messages = () => heard.filter((signal) => signal.kind === "message");

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  heard = [];
  vi.stubGlobal("fetch", server.fetch);
});

afterEach(() => {
  stop?.();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("reads events however they are cut, and with every kind of line end", async () => {
  const stream = ': ping\n\nid: 7\nevent: run\ndata: {"a":\ndata: 1}\n\n';
  for (const text of [stream, stream.replace(/\n/g, "\r\n")]) {
    for (const cut of [1, 9, 20, text.length - 1]) {
      heard = [];
      await connected();
      await server.send(text.slice(0, cut));
      await server.send(text.slice(cut));
      expect(heard.slice(1)).toEqual([{ kind: "beat" }, { kind: "message", event: "run", data: '{"a":\n1}', id: "7" }]);
      stop();
    }
  }
});

it("comes back after a break, and says from where it goes on", async () => {
  await connected();
  await server.send("id: 41\nevent: run\ndata: 1\n\nevent: run\ndata: 2\n\n");
  await server.close();
  expect(kinds()).toEqual(["open", "message", "message", "lost"]);
  expect(server.requests[0]?.headers["Last-Event-ID"]).toBeUndefined();

  await passed(500);
  expect(server.requests[1]?.headers["Last-Event-ID"]).toBe("41");
  expect(heard.filter((signal) => signal.kind === "open")).toEqual([
    { kind: "open", again: false },
    { kind: "open", again: true },
  ]);
  await server.send("event: run\ndata: 3\n\n");
  expect(messages().at(-1)).toMatchObject({ data: "3", id: "41" });
});

it("does not go on from an event that the break cut off", async () => {
  await connected();
  await server.send("id: 1\ndata: whole\n\nid: 2\ndata: cu");
  await server.close();
  await passed(500);
  expect(messages()).toHaveLength(1);
  expect(server.requests[1]?.headers["Last-Event-ID"]).toBe("1");
});

it("waits as long as the server asked for", async () => {
  await connected();
  await server.send("retry: 3000\n\n");
  await server.close();
  await passed(2_999);
  expect(server.requests).toHaveLength(1);
  await passed(1);
  expect(server.requests).toHaveLength(2);
});

it("waits longer after each failure, but never long, and starts over once it was connected", async () => {
  expect([0, 1, 2, 20].map(backoff)).toEqual([500, 1_000, 2_000, 10_000]);
  await connected(503, 429, 200, 503);
  await passed(500);
  expect(server.requests).toHaveLength(2);
  await passed(999);
  expect(server.requests).toHaveLength(2);
  await passed(1);
  expect(kinds()).toEqual(["lost", "lost", "open"]);
  await server.close();
  await passed(500);
  expect(server.requests).toHaveLength(4);
});

it("tries no more where it is refused", async () => {
  await connected(401);
  await passed(60_000);
  expect(heard).toEqual([{ kind: "refused", status: 401 }]);
  expect(server.requests).toHaveLength(1);
});

it("takes a silent connection for dead, and a comment for a sign of life", async () => {
  await connected();
  await passed(SILENCE_MS - 1);
  await server.send(": ping\n\n");
  await passed(SILENCE_MS - 1);
  expect(kinds()).toEqual(["open", "beat"]);
  await passed(1);
  expect(kinds()).toEqual(["open", "beat", "lost"]);
  await passed(500);
  expect(server.requests).toHaveLength(2);
});

it("takes a connection for dead over which nothing ever comes", async () => {
  await connected();
  await passed(SILENCE_MS);
  expect(kinds()).toEqual(["open", "lost"]);
});

it("ends where the server says so, whatever comes behind", async () => {
  await connected();
  await server.send("event: end\ndata: {}\n\nevent: run\ndata: 1\n\n");
  await passed(60_000);
  expect(kinds()).toEqual(["open", "message", "end"]);
  expect(server.requests).toHaveLength(1);
});

it("is silent once it is stopped, also while it waits to come back", async () => {
  await connected();
  stop();
  await passed(0);
  expect(server.requests[0]?.signal.aborted).toBe(true);
  expect(kinds()).toEqual(["open"]);

  await connected(503);
  stop();
  await passed(60_000);
  expect(server.requests).toHaveLength(2);
});
