import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Problem } from "~/api/problem";
import { ProblemAlert } from "~/components/ProblemAlert";

const wrong = (...paths: string[]) =>
  new Problem({
    title: "The input is wrong",
    status: 422,
    detail: `${paths[0]}: must be at least 1`,
    errors: paths.map((path) => ({ path, message: "must be at least 1" })),
  });

const said = (element: React.ReactElement) => {
  render(<MantineProvider>{element}</MantineProvider>);
  return screen.getByRole("alert").textContent;
};

afterEach(cleanup);

describe("a refusal", () => {
  it("names fields by their labels, and has no words of the API", () => {
    const text = said(<ProblemAlert error={wrong("$.batchSize", "$.maxEntities")} />);
    expect(text).toContain("Batch size must be at least 1");
    expect(text).not.toMatch(/\$|batchSize|errors/);
  });

  it("points at the fields that say it themselves", () => {
    const text = said(<ProblemAlert error={wrong("$.batchSize")} shownElsewhere={["batchSize"]} />);
    expect(text).toBe("The input is wrongWhat is wrong stands at the fields.");
  });

  it("names paths in an editor of JSON", () => {
    expect(said(<ProblemAlert json error={wrong("$.fields[1].size")} />)).toContain("fields[1].size");
  });
});
