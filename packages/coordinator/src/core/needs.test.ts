import { expect, it } from "vitest";
import { CoordinatorDriver, execute, planOf } from "../testing/coordinator-driver.js";
import { needsOf, uncutNeedsOf } from "./needs.js";

const { state } = new CoordinatorDriver().core;
const unheardOf = planOf("p", {
  plan: { Parallel: [execute("x"), execute("y")] },
  bindings: [],
});

it("nodes that only their ids name are for either kind of worker, until one of ours offers one", () => {
  expect(needsOf(state, unheardOf)).toMatchObject({ ours: ["x", "y"], inherited: true });
  const driver = new CoordinatorDriver();
  driver.worker("w", ["x"]);
  const needs = needsOf(driver.core.state, unheardOf);
  expect(needs).toMatchObject({ ours: ["x", "y"], inherited: false });
});

it("what can't be cut is for workers of ours, at the target that is given", () => {
  const anywhere = uncutNeedsOf(state, unheardOf);
  expect(anywhere).toMatchObject({ worker: undefined, inherited: false });
  const there = uncutNeedsOf(state, unheardOf, { WorkerId: "b" });
  expect(there).toMatchObject({ worker: "b", ours: ["x", "y"], inherited: false });
  expect(there.key).not.toBe(anywhere.key);
  expect(uncutNeedsOf(state, unheardOf, { Tag: "b" }).key).not.toBe(there.key);
});
