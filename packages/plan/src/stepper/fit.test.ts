import { expect, test } from "vitest";
import { branch, cached, loop, par, run, seq } from "../testing/plans.js";
import { done, failed, error, fit, forward, says, value } from "../testing/stepping.js";

const fitted = (states: Record<string, string>) => done("ignored", { stop: true }, states);

test("a trainable node fits, then forwards the same input with its new state", () => {
  const stepper = fit(seq(run("scale"), run("mean")), { trainable: ["scale"] });
  expect(stepper.begin("in").start).toMatchObject([
    { key: "0#:fit", op: "fit", nodeId: "scale", input: value("in") },
  ]);
  const { start } = stepper.complete("0#:fit", fitted({ scale: "s1" }));
  expect(start).toMatchObject([
    { key: "0#:forward", op: "forward", nodeId: "scale", input: value("in"), state: "s1" },
  ]);
  expect(stepper.complete("0#:forward", done("scaled")).start).toMatchObject([
    { key: "1#:forward", nodeId: "mean", input: value("scaled") },
  ]);
  expect(stepper.complete("1#:forward", done("3")).end).toEqual({
    status: "Succeeded",
    output: value("3"),
    states: { scale: "s1" },
  });
});

test("a fit starts without a state, also where an earlier one is known", () => {
  const stepper = fit(run("a"), { trainable: ["a"], states: { a: "old" } });
  expect(stepper.begin("in").start[0]).not.toHaveProperty("state");
});

test("arms fit at the same time, and the states of all are returned", () => {
  const stepper = fit(par(run("a"), run("b")), { trainable: ["a", "b"] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "0#:fit" }, { key: "1#:fit" }]);
  stepper.complete("1#:fit", fitted({ b: "sb" }));
  stepper.complete("0#:fit", fitted({ a: "sa" }));
  stepper.complete("0#:forward", done("A"));
  expect(stepper.complete("1#:forward", done("B")).end).toMatchObject({
    states: { a: "sa", b: "sb" },
  });
});

test("only the arm that is taken is fitted, and a Branch's condition may be fitted itself", () => {
  const plan = branch("kind", { x: run("a"), y: run("b") });
  const stepper = fit(plan, { trainable: ["kind", "a", "b"] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "#:fit", nodeId: "kind" }]);
  expect(stepper.complete("#:fit", fitted({ kind: "sk" })).start).toMatchObject([
    { key: "#:forward", nodeId: "kind", state: "sk" },
  ]);
  expect(stepper.complete("#:forward", done("out", says("y"))).start).toMatchObject([
    { key: "1#:fit", nodeId: "b", input: value("in") },
  ]);
  stepper.complete("1#:fit", fitted({ b: "sb" }));
  expect(stepper.complete("1#:forward", done("B")).end).toMatchObject({
    states: { kind: "sk", b: "sb" },
  });
});

test("each pass of a Loop fits anew, the last pass's state stays", () => {
  const stepper = fit(loop("l", run("a"), 2), { trainable: ["a"] });
  stepper.begin("in");
  stepper.complete("0#0:fit", fitted({ a: "first" }));
  expect(stepper.complete("0#0:forward", done("1")).start).toMatchObject([
    { key: "0#1:fit", input: value("1") },
  ]);
  expect(stepper.complete("0#1:fit", fitted({ a: "last" })).start).toMatchObject([
    { key: "0#1:forward", state: "last" },
  ]);
  expect(stepper.complete("0#1:forward", done("2")).end).toMatchObject({ states: { a: "last" } });
});

test("a fit that returns no state fails, also when an earlier pass had one", () => {
  const stepper = fit(loop("l", run("a"), 2), { trainable: ["a"] });
  stepper.begin("in");
  stepper.complete("0#0:fit", fitted({ a: "first" }));
  stepper.complete("0#0:forward", done("1"));
  expect(stepper.complete("0#1:fit", fitted({ b: "stranger" })).end).toMatchObject({
    status: "Failed",
    error: { code: "STATE_MISSING", node_id: "a", details: { nodeIds: ["a"] } },
  });
});

test("a fit that fails fails the plan", () => {
  const stepper = fit(run("a"), { trainable: ["a"] });
  stepper.begin("in");
  expect(stepper.complete("#:fit", failed("no data")).end).toEqual({
    status: "Failed",
    error: error("no data"),
  });
});

test("a cached node is looked up, never fitted", () => {
  const stepper = fit(cached("a"), { trainable: ["a"] });
  expect(stepper.begin("in").start).toMatchObject([{ key: "#:forward", kind: "cached" }]);
});

test("Forward gives each node its state, and returns none", () => {
  const stepper = forward(run("a"), { trainable: ["a"], states: { a: "sa" } });
  expect(stepper.begin("in").start).toMatchObject([{ op: "forward", state: "sa" }]);
  expect(stepper.complete("#:forward", done("A", { stop: false }, { a: "new" })).end).toMatchObject(
    {
      states: {},
    },
  );
});

test("a trainable node that Forward reaches without a state fails, naming it", () => {
  const stepper = forward(seq(run("a"), run("b")), { trainable: ["b"] });
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A"))).toMatchObject({
    start: [],
    end: {
      status: "Failed",
      error: { code: "STATE_MISSING", node_id: "b", details: { nodeIds: ["b"] } },
    },
  });
});

test("an arm that is not reached needs no state", () => {
  const stepper = forward(branch("kind", { x: run("a"), y: run("b") }), { trainable: ["b"] });
  stepper.begin("in");
  stepper.complete("#:forward", done("out", says("x")));
  expect(stepper.complete("0#:forward", done("A")).end).toMatchObject({ status: "Succeeded" });
});
