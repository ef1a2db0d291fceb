import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "~/api/query";
import * as chain from "~/pages/mappings/table/chain";
import MappingTable from "~/pages/mappings/table/MappingTable";
import { useTable } from "~/pages/mappings/table/useTable";

vi.hoisted(() => {
  // Before the client of the API is made, which keeps the function that it found.
  globalThis.fetch = async () => Response.json({ items: [], next: null });
});
vi.mock("~/pages/mappings/table/chain", { spy: true });

const ROWS = Number(process.env.ROWS ?? 12);
const textOf = (changed: string) => {
  const fields = Array.from({ length: ROWS }, (_, n) => ({ source: `c${n}`, target: n === 3 ? changed : `t${n}` }));
  const reads = fields.map(({ source }) => ({ source, target: source, transform: "trim" }));
  return JSON.stringify({ normalization: { fields: reads }, transformation: { fields } });
};
const side = { profile: "", choose: () => {}, tables: [], fields: [], unknown: undefined, settled: false };
const NONE: never[] = [];

let change: (text: string) => void;

function Shown() {
  const [text, setText] = useState(textOf("title"));
  change = setText;
  const { table, behind } = useTable(text);
  return (
    <MappingTable
      name={null}
      text={text}
      table={table as NonNullable<typeof table>}
      behind={behind}
      readOnly={false}
      onChange={setText}
      problems={NONE}
      known={undefined}
      canonical={undefined}
      systems={{ source: side, target: side }}
      schemas={NONE}
    />
  );
}

afterEach(cleanup);

it("draws the row that a change is in, and no other", () => {
  queryClient.setQueryData(["session"], { missingPermissions: [] });
  render(
    <MantineProvider>
      <QueryClientProvider client={queryClient}>
        <Shown />
      </QueryClientProvider>
    </MantineProvider>,
  );
  const drawn = vi.mocked(chain.chainOf);
  // A row asks twice: for what it reads and for what it sends.
  expect(drawn).toHaveBeenCalledTimes(2 * ROWS);
  for (const changed of ["title2", "title23"]) {
    drawn.mockClear();
    const from = process.cpuUsage();
    act(() => change(textOf(changed)));
    if (process.env.ROWS) console.log(ROWS, "rows:", process.cpuUsage(from).user / 1000, "ms");
    expect(drawn).toHaveBeenCalledTimes(2);
  }
  expect(screen.getByText("title23")).toBeDefined();
});
