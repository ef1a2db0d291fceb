import { expect, test } from "vitest";
import { isOnTheWay, stepsOf } from "~/app/way";

const done = (found: Partial<Parameters<typeof stepsOf>[0]>) =>
  stepsOf({ profiles: 0, mappings: 0, instance: undefined, tried: false, ...found }).map((step) => step.done);
const instance = { name: "way", entityTypes: [{ entityType: "item" }] } as never;

test("steps are ticked off by what there is", () => {
  expect(done({})).toEqual([false, false, false, false, false]);
  expect(done({ profiles: 1 })).toEqual([false, false, false, false, false]);
  expect(done({ profiles: 2, mappings: 1, tried: true })).toEqual([true, true, false, false, false]);
  expect(done({ profiles: 1, mappings: 1, instance })).toEqual([true, true, true, false, false]);
  expect(done({ profiles: 2, mappings: 1, instance, tried: true })).toEqual([true, true, true, true, false]);
});

test("an instance without a mapping is to be given one", () => {
  const steps = stepsOf({
    profiles: 2,
    mappings: 1,
    instance: { name: "way", entityTypes: [] } as never,
    tried: false,
  });
  expect(steps[2]).toMatchObject({ done: false, to: "/instances/way", does: "Choose a mapping" });
});

test("the way is shown on the pages that it leads over", () => {
  expect(["/", "/mappings", "/mappings/a", "/new/instance", "/trigger"].every(isOnTheWay)).toBe(true);
  expect(["/users", "/new/from-template", "/mappingsx"].some(isOnTheWay)).toBe(false);
});
