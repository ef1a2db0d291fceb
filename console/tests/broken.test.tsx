import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { cleanup, render, waitFor } from "@testing-library/react";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { queryClient } from "~/api/query";
import { router } from "~/app/router";
import { barePages, pages } from "~/pages/registry";

const session = vi.hoisted(() => {
  const anna = {
    name: "anna",
    role: "platform_admin",
    tenant: "default",
    tenants: ["default"],
    missingPermissions: [],
  };
  // Before the client of the API is made, which keeps the function that it found.
  globalThis.fetch = async () => Response.json({ ...anna, items: [], next: null });
  return anna;
});

vi.mock("~/pages/registry", async (original) => {
  const real = await original<typeof import("~/pages/registry")>();
  const broken = <P extends { path: string }>(page: P) => ({
    ...page,
    load: async () => ({
      default: () => {
        throw new Error(`broken at ${page.path}`);
      },
    }),
  });
  return { ...real, pages: real.pages.map(broken), barePages: real.barePages.map(broken) };
});

// A page is loaded, compiled and drawn, on a machine that does much else.
const BUSY = { timeout: 30_000 };
vi.setConfig({ testTimeout: 60_000 });

beforeAll(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  queryClient.setQueryData(["session"], session);
  render(
    <MantineProvider>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
});

afterAll(() => {
  cleanup();
  vi.restoreAllMocks();
});

// By selectors: on a whole page, looking for roles takes seconds.
const said = (within: string) => document.querySelector(`${within} [role=alert] pre`)?.textContent;

describe("a page that throws", () => {
  it.each(pages.map(({ path }) => path))("says so at %s, beside a menu that goes on", async (path) => {
    void router.navigate({ href: path.replace(/\$\w+/g, "some") });
    await waitFor(() => expect(said("main")).toBe(`Error: broken at ${path}`), BUSY);
    expect(document.querySelectorAll("nav[aria-label=Pages] a").length).toBeGreaterThan(10);
  });

  it.each(barePages.map(({ path }) => path))("says so at %s", async (path) => {
    void router.navigate({ href: path });
    await waitFor(() => expect(said("body")).toBe(`Error: broken at ${path}`), BUSY);
  });
});
