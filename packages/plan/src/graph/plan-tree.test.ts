import type { ExecutionPlan, SerializedPlan } from "@planwire/protocol";
import { expect, test } from "vitest";
import { branch, cached, loop, par, remote, run, seq, stream } from "../testing/plans.js";
import { planTree } from "./plan-tree.js";

function plan(root: ExecutionPlan, more: Partial<SerializedPlan> = {}): SerializedPlan {
  return { plan_id: "p1", plan: root, ...more };
}

test("shows every variant, arms under their keys and labels", () => {
  const everything = seq(
    run("clean"),
    par(run("odd"), seq(run("x"), run("average")), "Empty"),
    branch("kind", { csv: run("parse"), default: "Empty" }),
    loop("refine", cached("step"), 25),
    remote("r1", "gpu", stream("a", "b")),
  );
  expect(planTree(plan(everything, { metadata: { name: "tidy" } }))).toBe(
    `
tidy
└─ Sequence
   ├─ clean
   ├─ Parallel
   │  ├─ odd
   │  ├─ average: Sequence
   │  │  ├─ x
   │  │  └─ average
   │  └─ #2: Empty
   ├─ Branch on kind
   │  ├─ "csv": parse
   │  └─ "default": Empty
   ├─ Loop refine, at most 25 passes
   │  └─ step (cached)
   └─ Remote r1 on tag gpu
      └─ Stream
         ├─ a
         └─ b
`.trim(),
  );
});

test("says which filter runs where the node's id doesn't, and where a node's input comes from", () => {
  const tree = planTree(
    plan(seq(run("a"), run("b"), run("c")), {
      bindings: [
        { node_id: "a", uses: "a" },
        { node_id: "b", uses: "clean@2" },
      ],
      filters: [{ node_id: "c", pickled_filter: "" }],
      edges: { b: [], c: ["b", "a"] },
    }),
  );
  expect(tree.split("\n")).toEqual([
    "p1",
    "└─ Sequence",
    "   ├─ a",
    "   ├─ b (uses clean@2) ← the plan's input",
    "   └─ c (pickled) ← b, a",
  ]);
});

test("names given to arms stand before their own ids", () => {
  const tree = planTree(plan(seq(par(run("a"), run("b"))), { arm_keys: { "0": ["left", "b"] } }));
  expect(tree.split("\n").slice(3)).toEqual(["      ├─ left: a", "      └─ b"]);
});

test("an id with escape sequences can't command the terminal", () => {
  expect(planTree(plan(run("\u001b[2J\nx")))).toBe("p1\n└─ \\u{1b}[2J\\u{a}x");
});

test("a plan that is too deep is cut off, not followed", () => {
  let deep = run("a");
  for (let level = 0; level < 100_000; level++) deep = seq(deep);
  expect(planTree(plan(deep)).split("\n").at(-1)?.trim()).toBe("└─ …");
});
