import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "~/api/query";
import * as chain from "~/pages/mappings/table/chain";
import MappingTable from "~/pages/mappings/table/MappingTable";
import { useTable } from "~/pages/mappings/table/useTable";

vi.mock("~/pages/mappings/table/chain", { spy: true });

const ROWS = Number(process.env.ROWS ?? 12);
const textOf = (changed: string) => {
  const fields = Array.from({ length: ROWS }, (_, n) => ({ source: `c${n}`, target: n === 3 ? changed : `t${n}` }));
  const reads = fields.map(({ source }) => ({ source, target: source, transform: "trim" }));
  return JSON.stringify({ normalization: { fields: reads }, transformation: { fields } });
};
const side = { profile: "", choose: () => {}, tables: [], fields: [], unknown: undefined, settled: false };
const NONE: never[] = [];

function Shown({ text }: { text: string }) {
  const { table, behind } = useTable(text);
  return (
    <MantineProvider>
      <QueryClientProvider client={queryClient}>
        <MappingTable
          name={null}
          text={text}
          table={table as NonNullable<typeof table>}
          behind={behind}
          readOnly={false}
          onChange={() => {}}
          problems={NONE}
          known={undefined}
          canonical={undefined}
          systems={{ source: side, target: side }}
          schemas={NONE}
        />
      </QueryClientProvider>
    </MantineProvider>
  );
}

afterEach(cleanup);

it("draws the row that a change is in, and no other", () => {
  queryClient.setQueryData(["session"], { missingPermissions: [] });
  const { rerender } = render(<Shown text={textOf("title")} />);
  const drawn = vi.mocked(chain.chainOf);
  // A row asks twice: for what it reads and for what it sends.
  expect(drawn).toHaveBeenCalledTimes(2 * ROWS);
  for (const changed of ["title2", "title23"]) {
    drawn.mockClear();
    const from = process.cpuUsage();
    rerender(<Shown text={textOf(changed)} />);
    if (process.env.ROWS) console.log(ROWS, "rows:", process.cpuUsage(from).user / 1000, "ms");
    expect(drawn).toHaveBeenCalledTimes(2);
  }
  expect(screen.getByText("title23")).toBeDefined();
});
