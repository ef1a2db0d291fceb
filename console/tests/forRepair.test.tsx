import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { queryClient } from "~/api/query";
import { ForRepair } from "~/pages/dlq/ForRepair";

function saidTo(missingPermissions: { permission: string; role: string }[]) {
  queryClient.setQueryData(["session"], { name: "anna", missingPermissions });
  const shown = (
    <QueryClientProvider client={queryClient}>
      <ForRepair otherwise="See" /> them
    </QueryClientProvider>
  );
  return render(shown).container.textContent;
}

afterEach(cleanup);

describe("a link to dead letters", () => {
  it("promises a repair to those who may replay", () => {
    expect(saidTo([])).toBe("Repair and replay them");
  });

  it("promises a Runner a look alone", () => {
    expect(saidTo([{ permission: "dead_letters", role: "user" }])).toBe("See them");
  });
});
