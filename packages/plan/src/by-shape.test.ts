import { shapePlan, type SerializedPlan } from "@planwire/protocol";
import { expect, test } from "vitest";
import { byShape } from "./by-shape.js";
import { run, seq } from "./testing/plans.js";

function counted() {
  const asked: SerializedPlan[] = [];
  const nodeCount = byShape((plan) => {
    asked.push(plan);
    return { bindings: plan.bindings?.length ?? 0 };
  });
  return { asked, nodeCount };
}

function plans(of: Partial<SerializedPlan> = {}) {
  const fixed = { plan: seq(run("a"), run("b")), bindings: [{ node_id: "a", uses: "a" }], ...of };
  return { fixed, first: { plan_id: "p", ...fixed }, second: { plan_id: "q", ...fixed } };
}

test("what depends on a plan's shape is computed once for all plans of that shape", () => {
  const { asked, nodeCount } = counted();
  const { fixed, first, second } = plans();
  shapePlan(fixed);
  const answer = nodeCount(first);
  expect(nodeCount({ ...second, metadata: { label: "x" } })).toBe(answer);
  expect(asked).toEqual([first]);
});

test("it is computed anew for a plan without a shape, and for one that has another's tree but not its bindings", () => {
  const { asked, nodeCount } = counted();
  const { fixed, first, second } = plans();
  nodeCount(first);
  nodeCount(second);
  expect(asked).toHaveLength(2);
  shapePlan(fixed);
  expect(nodeCount(first)).toEqual({ bindings: 1 });
  expect(nodeCount({ ...second, bindings: [] })).toEqual({ bindings: 0 });
  expect(nodeCount(second)).toEqual({ bindings: 1 });
  expect(asked).toHaveLength(4);
});

test("shapes are told apart, and so are two functions", () => {
  const [one, other] = [counted(), counted()];
  const [a, b] = [plans(), plans({ bindings: [] })];
  for (const { fixed } of [a, b]) shapePlan(fixed);
  for (const { nodeCount } of [one, other]) {
    expect([a.first, b.first, a.second, b.second].map((plan) => nodeCount(plan).bindings)).toEqual([
      1, 0, 1, 0,
    ]);
  }
  expect([one.asked.length, other.asked.length]).toEqual([2, 2]);
});
