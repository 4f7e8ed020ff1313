import { expect, test } from "vitest";
import { branch, cached, composite, loop, par, remote, run, seq } from "../testing/plans.js";
import { done, forward, record, says, value } from "../testing/stepping.js";

test("a node with one predecessor gets its output, wherever it ran", () => {
  const stepper = forward(seq(run("a"), run("b"), run("c")), { edges: { c: ["a"] } });
  stepper.begin("in");
  stepper.complete("0#:forward", done("A"));
  expect(stepper.complete("1#:forward", done("B")).start).toMatchObject([
    { nodeId: "c", input: value("A") },
  ]);
});

test("a node with several gets a Record under their ids, in the order listed", () => {
  const stepper = forward(seq(par(run("a"), composite("b", "c")), run("d")), {
    edges: { d: ["b", "a"] },
  });
  stepper.begin("in");
  stepper.complete("0.0#:forward", done("A"));
  stepper.complete("0.1.0#:forward", done("B"));
  expect(stepper.complete("0.1.1#:forward", done("C")).start).toMatchObject([
    { nodeId: "d", input: record({ b: "B", a: "A" }) },
  ]);
});

test("a node with none gets the plan's input", () => {
  const stepper = forward(seq(run("a"), cached("b")), { edges: { b: [] } });
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([
    { nodeId: "b", kind: "cached", input: value("in") },
  ]);
});

test("nodes without edges still take the last output before them", () => {
  const stepper = forward(seq(run("a"), run("b")), { edges: { x: ["a"] } });
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([{ input: value("A") }]);
});

test("a Branch, a Loop and a Remote may have edges, and be predecessors by their output", () => {
  const plan = seq(
    run("a"),
    branch("kind", { x: run("b") }),
    loop("l", run("c"), 1),
    remote("r", "gpu", run("d")),
    run("e"),
  );
  const edges = { kind: [], l: ["a"], r: ["kind"], e: ["r", "l", "kind"] };
  const stepper = forward(plan, { edges });
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([{ input: value("in") }]);
  expect(stepper.complete("1#:forward", done("?", says("x"))).start).toMatchObject([
    { nodeId: "b", input: value("in") },
  ]);
  expect(stepper.complete("1.0#:forward", done("B")).start).toMatchObject([
    { nodeId: "c", input: value("A") },
  ]);
  expect(stepper.complete("2.0#0:forward", done("C")).start).toMatchObject([
    { nodeId: "d", input: value("B") },
  ]);
  expect(stepper.complete("3.0#:forward", done("D")).start).toMatchObject([
    { nodeId: "e", input: record({ r: "D", l: "C", kind: "B" }) },
  ]);
});

test("within a Loop a predecessor's output is that of the same pass, after it of the last", () => {
  const plan = seq(loop("l", seq(run("a"), run("b"), run("c")), 2), run("d"));
  const stepper = forward(plan, { edges: { c: ["a"], d: ["a"] } });
  stepper.begin("in");
  stepper.complete("0.0.0#0:forward", done("A0"));
  expect(stepper.complete("0.0.1#0:forward", done("B0")).start).toMatchObject([
    { nodeId: "c", input: value("A0") },
  ]);
  stepper.complete("0.0.2#0:forward", done("C0"));
  stepper.complete("0.0.0#1:forward", done("A1"));
  expect(stepper.complete("0.0.1#1:forward", done("B1")).start).toMatchObject([
    { nodeId: "c", input: value("A1") },
  ]);
  expect(stepper.complete("0.0.2#1:forward", done("C1")).start).toMatchObject([
    { nodeId: "d", input: value("A1") },
  ]);
});

test("in a plan that was not checked, a predecessor that has not ended fails the plan", () => {
  const stepper = forward(seq(run("a"), run("b")), { edges: { a: ["b"] } });
  expect(stepper.begin("in")).toMatchObject({
    start: [],
    end: { status: "Failed", error: { code: "PLAN_REFUSED", node_id: "a" } },
  });
});
