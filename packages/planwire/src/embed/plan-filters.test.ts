import { defineFilter, filtersIn, type FilterDefinition } from "@planwire/plan";
import { expect, test } from "vitest";
import { PlanFilters } from "./plan-filters.js";

function definition(name: string, version?: string): FilterDefinition {
  const options = version === undefined ? {} : { version };
  const [one] = filtersIn(defineFilter(name, { ...options, forward: (x: number) => x }));
  if (!one) throw new Error("a filter holds itself");
  return one;
}

/** Notes what is offered, and takes a turn for it. */
function noting() {
  const offered: string[][] = [];
  const filters = new PlanFilters(async (definitions) => {
    await Promise.resolve();
    offered.push(definitions.map(({ name }) => name));
  });
  return { offered, filters };
}

test("a filter is offered once", async () => {
  const { offered, filters } = noting();
  const [a, b] = [definition("a"), definition("b")];
  await filters.take([a], true);
  await filters.take([a, b], false);
  await filters.take([a, b], false);
  expect(offered).toEqual([["a"], ["b"]]);
});

test("a filter that is being offered is waited for", async () => {
  const { offered, filters } = noting();
  const a = definition("a");
  const first = filters.take([a], true);
  await filters.take([a], false);
  expect(offered).toEqual([["a"]]);
  await first;
});

test("two filters of one name are refused while anything runs", async () => {
  const { filters } = noting();
  await filters.take([definition("a")], true);
  await expect(filters.take([definition("a")], false)).rejects.toMatchObject({
    code: "BAD_USAGE",
    message: expect.stringContaining('"a"'),
    hint: expect.stringContaining(".with(params)"),
  });
});

test("a newer filter takes an idle one's name; another version is another filter", async () => {
  const { offered, filters } = noting();
  await filters.take([definition("a")], true);
  await filters.take([definition("a", "2")], false);
  await filters.take([definition("a")], true);
  expect(offered).toEqual([["a"], ["a"], ["a"]]);
});
