import type { ExecutionPlan } from "@planwire/protocol";
import { expect, test } from "vitest";
import { checkPlan } from "../check.js";
import { branch, composite, loop, par, remote, run, seq } from "../testing/plans.js";

function issues(plan: ExecutionPlan, edges: Record<string, string[]>) {
  return checkPlan({ plan_id: "p1", plan, edges });
}

test.each<[string, ExecutionPlan]>([
  ["an earlier step", seq(run("a"), run("b"))],
  ["an earlier member of a Composite", composite("a", "b")],
  ["what an arm of an earlier Parallel ran", seq(par(run("a"), run("x")), run("b"))],
  ["what an earlier Loop ran last", seq(loop("l", run("a")), run("b"))],
  ["what an earlier Remote ran", seq(remote("r", "t", run("a")), run("b"))],
  ["a step before the Parallel around it", seq(run("a"), par(run("b"), run("x")))],
  ["a step before the Branch around it", seq(run("a"), branch("x", { y: run("b") }))],
  ["an earlier step of the same arm", branch("x", { y: seq(run("a"), run("b")) })],
  ["an earlier step of the same pass", loop("l", seq(run("a"), run("b")))],
  ["the output of an earlier Branch", seq(branch("a", { x: "Empty" }), run("b"))],
])("a node may take its input from %s", (_, plan) => {
  expect(issues(plan, { b: ["a"] })).toEqual([]);
});

test.each<[string, ExecutionPlan, string]>([
  ["comes later", seq(run("b"), run("a")), "it comes later"],
  ["comes later in the pass", loop("l", composite("b", "a")), "it comes later"],
  ["is in another arm", par(run("a"), run("b")), "it is in another arm"],
  [
    "is in another arm of a Branch",
    branch("x", { y: run("a"), z: run("b") }),
    "it is in another arm",
  ],
  [
    "may not have run",
    seq(branch("x", { y: loop("l", run("a")) }), run("b")),
    "it is in a Branch's arm, which may not be taken",
  ],
  ["is the Branch around it", branch("a", { y: run("b") }), "it is around it"],
  ["is in its own body", loop("b", run("a")), "it is inside it"],
])("a node can't take its input from what %s", (_, plan, reason) => {
  expect(issues(plan, { b: ["a"] })).toEqual([
    { path: "edges.b[0]", message: `"a" is not certain to have ended before "b": ${reason}` },
  ]);
});

test("unknown names are told on either side", () => {
  expect(issues(seq(run("a"), run("b")), { b: ["a", "my x"], "my y": ["a"] })).toEqual([
    { path: "edges.b[1]", message: 'no node "my x" in this plan' },
    { path: 'edges["my y"]', message: 'no node "my y" in this plan' },
  ]);
});

test("a predecessor may be named once", () => {
  expect(issues(seq(run("a"), run("b")), { b: ["a", "a"] })).toEqual([
    { path: "edges.b[1]", message: '"a" repeats, it stands first at edges.b[0]' },
  ]);
});

test("a cycle is told as one", () => {
  const plan = seq(run("a"), run("b"), run("c"));
  expect(issues(plan, { a: ["c"], b: ["a"], c: ["b"] })).toEqual([
    {
      path: "edges.a",
      message: 'edges make a cycle: "a" waits for "c" waits for "b" waits for "a"',
    },
  ]);
  expect(issues(plan, { a: ["a"] })).toEqual([
    { path: "edges.a", message: 'edges make a cycle: "a" waits for "a"' },
  ]);
});

test("a cycle through every node of a large plan is told in a few words", () => {
  const ids = Array.from({ length: 9_000 }, (_, index) => `n${index}`);
  const edges = Object.fromEntries(ids.map((id, index) => [id, [ids.at(index - 1) as string]]));
  const [cycle, ...others] = issues(composite(...ids), edges);
  expect(others).toEqual([]);
  expect(cycle?.message).toMatch(/8990 more waits for "n0"$/);
});

test("more predecessors than allowed are refused before they are looked at", () => {
  const edges = { b: Array<string>(100_001).fill("a") };
  expect(issues(seq(run("a"), run("b")), edges)).toEqual([
    { path: "edges", message: "the plan has more than the 100000 predecessors allowed" },
  ]);
});
