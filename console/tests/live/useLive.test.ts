import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { queryClient } from "~/api/query";
import { togglePaused } from "~/live/health";
import type { Listener } from "~/live/signals";
import { listenAgain } from "~/live/source";
import { useLive } from "~/live/useLive";
import type { RunStatus } from "~/live/useRuns";
import { message, run } from "./messages";

const source = vi.hoisted(() => ({ send: (() => undefined) as Listener, listens: 0, stops: 0 }));

vi.mock("~/live/source", async (original) => ({
  ...(await original<typeof import("~/live/source")>()),
  liveSource: () => ({
    listen: (_topic: string, listener: Listener) => {
      source.listens += 1;
      source.send = listener;
      return () => {
        source.stops += 1;
      };
    },
  }),
}));

const invalidate = vi.spyOn(queryClient, "invalidateQueries");
let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(source, { listens: 0, stops: 0 });
  invalidate.mockClear();
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  vi.useRealTimers();
});

const show = () => renderHook(() => useLive<RunStatus>("runs"));
const send = (...signals: Parameters<Listener>[0][]) =>
  act(async () => {
    for (const signal of signals) source.send(signal);
    await vi.advanceTimersByTimeAsync(50);
  });
const hide = (on: boolean) => {
  hidden = on;
  document.dispatchEvent(new Event("visibilitychange"));
};

it("shows the newest, and fetches everything on the page again after a gap", async () => {
  const { result, unmount } = show();
  await send({ kind: "open", again: false }, message("run", run(2, 20)), message("run", run(1, 10)));
  expect(result.current).toMatchObject({ health: "live", data: { total: 20 } });
  expect(invalidate).not.toHaveBeenCalled();
  await send({ kind: "lost", since: 0 });
  expect(result.current).toMatchObject({ health: "reconnecting", data: { total: 20 } });
  await send({ kind: "open", again: true });
  expect(invalidate).toHaveBeenCalledExactlyOnceWith();
  unmount();
  expect(source.stops).toBe(1);
});

it("asks who is signed in when it is refused, and listens anew after a sign-in", async () => {
  const { result, unmount } = show();
  await send({ kind: "refused", status: 401 });
  expect(result.current).toMatchObject({ health: "refused", status: 401 });
  expect(invalidate).toHaveBeenCalledExactlyOnceWith({ queryKey: ["session"] });
  listenAgain();
  expect([source.listens, source.stops]).toEqual([2, 1]);
  unmount();
});

it("stands still while a person holds the page, and then shows what came meanwhile", async () => {
  const { result, unmount } = show();
  await send(message("run", run(1, 10)));
  act(togglePaused);
  await send(message("run", run(2, 20)));
  expect(result.current.data?.total).toBe(10);
  act(togglePaused);
  expect(result.current.data?.total).toBe(20);
  unmount();
});

it("lets go of its connection a minute after its tab was hidden, and takes it up when it is seen", async () => {
  const { unmount } = show();
  hide(true);
  await vi.advanceTimersByTimeAsync(59_999);
  expect(source.stops).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(source.stops).toBe(1);
  hide(false);
  expect(source.listens).toBe(2);
  unmount();
});
