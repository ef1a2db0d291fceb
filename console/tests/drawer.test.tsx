import { MantineProvider } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";
import { DetailDrawer } from "~/components/DetailDrawer";

const query = { data: "known", error: null } as UseQueryResult<string>;

function List() {
  const [open, setOpen] = useState(false);
  return (
    <MantineProvider env="test">
      <button type="button" onClick={() => setOpen(true)}>
        row
      </button>
      {open && (
        <DetailDrawer query={query} title={() => "One"} size={400} onClose={() => setOpen(false)}>
          {(known) => <button type="button">{known}</button>}
        </DetailDrawer>
      )}
    </MantineProvider>
  );
}

afterEach(cleanup);

it("gives the focus back to the row that opened a drawer", async () => {
  render(<List />);
  const row = screen.getByText("row");
  row.focus();
  act(() => row.click());
  const inside = await screen.findByText("known");
  act(() => inside.focus());
  expect(document.activeElement).toBe(inside);
  act(() => {
    inside.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  });
  await waitFor(() => expect(screen.queryByText("known")).toBeNull());
  expect(document.activeElement).toBe(row);
});
