import { expect, test } from "vitest";
import { branch, loop, par, remote, run, seq } from "../testing/plans.js";
import { done, fit, forward, says, value } from "../testing/stepping.js";

test("an atomic subtree is one leaf, its key without an operation", () => {
  const part = seq(run("a"), run("b"));
  const stepper = forward(seq(part, run("c")), { atomic: [[0]] });
  expect(stepper.begin("in").start).toEqual([
    { key: "0#", path: [0], passes: [], op: "whole", kind: "part", plan: part, input: value("in") },
  ]);
  expect(stepper.complete("0#", done("AB")).start).toMatchObject([
    { key: "1#:forward", kind: "execute", input: value("AB") },
  ]);
});

test("the whole plan is the leaf whose key is empty", () => {
  const stepper = forward(run("a"), { atomic: [[]] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "", path: [], kind: "part" }]);
  expect(stepper.complete("", done("A")).end).toMatchObject({ output: value("A") });
});

test("a part of a Loop has the pass in its key, and its output may stop the Loop", () => {
  const stepper = forward(loop("l", run("a")), { atomic: [[0]] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "0#0", passes: [0] }]);
  expect(stepper.complete("0#0", done("1")).start).toMatchObject([{ key: "0#1" }]);
  expect(stepper.complete("0#1", done("2", { stop: true })).end).toBeDefined();
});

test("leaves and parts know the innermost Remote around them", () => {
  const plan = remote("r1", "gpu", seq(run("a"), remote("r2", "cpu", run("b")), run("c")));
  const stepper = forward(plan, { atomic: [[0, 2]] });
  expect(stepper.begin("in").start).toMatchObject([{ nodeId: "a", target: { Tag: "gpu" } }]);
  expect(stepper.complete("0.0#:forward", done("A")).start).toMatchObject([
    { nodeId: "b", target: { Tag: "cpu" } },
  ]);
  expect(stepper.complete("0.1.0#:forward", done("B")).start).toMatchObject([
    { key: "0.2#", target: { Tag: "gpu" } },
  ]);
});

test("a part that holds its Remote has that one's target", () => {
  const plan = seq(remote("r1", "gpu", run("a")), run("b"));
  const stepper = forward(plan, { atomic: [[0], [1]] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "0#", target: { Tag: "gpu" } }]);
  const [next] = stepper.complete("0#", done("A")).start;
  expect(next?.key).toBe("1#");
  expect(next).not.toHaveProperty("target");
});

test("a part in Fit gives its output and all its states at once", () => {
  const plan = par(seq(run("a"), run("b")), run("c"));
  const stepper = fit(plan, { trainable: ["a", "b", "c"], atomic: [[0]] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "0#" }, { key: "1#:fit" }]);
  stepper.complete("0#", done("AB", { stop: false }, { a: "sa", b: "sb", c: "not its own" }));
  stepper.complete("1#:fit", done("", { stop: false }, { c: "sc" }));
  expect(stepper.complete("1#:forward", done("C")).end).toMatchObject({
    states: { a: "sa", b: "sb", c: "sc" },
  });
});

test("a part in Forward gives no states, whatever a peer sends", () => {
  const stepper = forward(run("a"), { atomic: [[]] });
  stepper.begin("in");
  expect(stepper.complete("", done("A", { stop: false }, { a: "s" })).end).toMatchObject({
    states: {},
  });
});

test("only the arm that is taken becomes a part", () => {
  const plan = branch("kind", { x: run("a"), y: run("b") });
  const stepper = forward(plan, { atomic: [[0], [1]] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "#:forward", kind: "execute" }]);
  expect(stepper.complete("#:forward", done("?", says("y"))).start).toMatchObject([
    { key: "1#", kind: "part", plan: run("b") },
  ]);
});
