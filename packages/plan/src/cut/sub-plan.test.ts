import type { SerializedPlan, Value } from "@planwire/protocol";
import { expect, test } from "vitest";
import { par, remote, run, seq } from "../testing/plans.js";
import type { Leaf } from "../stepper/leaf.js";
import { leafKeyOf } from "../stepper/leaf.js";
import { planAt } from "../tree.js";
import { subPlan } from "./sub-plan.js";

const text = (data: string): Value => ({ type: "Text", data });

const plan: SerializedPlan = {
  plan_id: "p1",
  plan: seq(run("a"), seq(par(run("b"), run("c"))), remote("r", "gpu", run("d"))),
  input: { source: "Inline", value: text("in") },
  mode: { Fit: { y: text("labels") } },
  metadata: { name: "tidy" },
  arm_keys: { "1.0": ["left", "right"] },
  bindings: [
    { node_id: "a", uses: "clean@1", params: { beyond: 3 }, state: text("old a") },
    { node_id: "b", uses: "odd" },
  ],
  filters: [
    { node_id: "c", pickled_filter: "cGlja2xl", state: text("old c") },
    { node_id: "d", pickled_filter: "cGlja2xl" },
  ],
};

function leaf(path: number[], op: Leaf<Value>["op"], nodeId?: string): Leaf<Value> {
  return {
    key: leafKeyOf(path, [], op),
    path,
    passes: [],
    op,
    kind: op === "whole" ? "part" : "execute",
    ...(nodeId === undefined ? {} : { nodeId }),
    plan: nodeId === undefined ? (planAt(plan.plan, path) ?? "Empty") : run(nodeId),
    input: { kind: "empty" },
  };
}

test("a part has its subtree, its nodes' filters alone, the plan's mode, and keys from its own root on", () => {
  expect(subPlan(plan, leaf([1], "whole"), { input: text("A") })).toEqual({
    plan_id: "p1/1#",
    plan: seq(par(run("b"), run("c"))),
    input: { source: "Inline", value: text("A") },
    mode: plan.mode,
    metadata: { name: "tidy" },
    arm_keys: { "0": ["left", "right"] },
    bindings: [{ node_id: "b", uses: "odd" }],
    filters: [{ node_id: "c", pickled_filter: "cGlja2xl", state: text("old c") }],
  });
});

test("a Parallel that is a part itself finds its keys under the empty path", () => {
  expect(subPlan(plan, leaf([1, 0], "whole")).arm_keys).toEqual({ "": ["left", "right"] });
});

test("keys of a path that only begins alike stay away", () => {
  const twelve = seq(...Array(12).fill("Empty"), par(run("x")));
  const given = { plan_id: "p1", plan: twelve, arm_keys: { "12": ["x"] } };
  expect(subPlan(given, { ...leaf([1], "whole"), plan: "Empty" })).not.toHaveProperty("arm_keys");
});

test("the whole plan stays what it was, edges and input included", () => {
  const wired = { ...plan, edges: { d: ["a"] } };
  expect(subPlan(wired, { ...leaf([], "whole"), plan: plan.plan })).toEqual(wired);
});

test("a smaller part has no edges", () => {
  const wired = { ...plan, edges: { d: ["a"] } };
  expect(subPlan(wired, leaf([1], "whole"))).not.toHaveProperty("edges");
});

test("a fit goes as Fit, without any earlier state", () => {
  expect(subPlan(plan, leaf([0], "fit", "a"), { input: text("in") })).toEqual({
    plan_id: "p1/0#:fit",
    plan: run("a"),
    input: { source: "Inline", value: text("in") },
    mode: plan.mode,
    metadata: { name: "tidy" },
    bindings: [{ node_id: "a", uses: "clean@1", params: { beyond: 3 } }],
    filters: [],
  });
});

test("a forward goes as Forward with its state, also within a Fit", () => {
  const state = text("new");
  const bound = subPlan(plan, leaf([0], "forward", "a"), { state });
  expect(bound).toMatchObject({
    mode: "Forward",
    bindings: [{ node_id: "a", uses: "clean@1", state }],
  });
  const pickled = subPlan(plan, leaf([1, 0, 1], "forward", "c"), { state });
  expect(pickled.filters).toEqual([{ node_id: "c", pickled_filter: "cGlja2xl", state }]);
  expect(pickled).not.toHaveProperty("bindings");
});

test("a state of a node that its id alone names travels in a binding to that name", () => {
  const bare: SerializedPlan = { plan_id: "p1", plan: run("a") };
  const state = text("new");
  expect(subPlan(bare, leaf([], "forward", "a"), { state }).bindings).toEqual([
    { node_id: "a", uses: "a", state },
  ]);
  expect(subPlan(bare, leaf([], "forward", "a"))).toEqual({
    plan_id: "p1/#:forward",
    plan: run("a"),
    input: null,
    filters: [],
    mode: "Forward",
    metadata: null,
  });
});
