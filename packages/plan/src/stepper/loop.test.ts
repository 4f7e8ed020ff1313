import { LIMITS } from "@planwire/protocol";
import { expect, test } from "vitest";
import { branch, loop, par, run, seq } from "../testing/plans.js";
import { done, forward, record, says, stops, value } from "../testing/stepping.js";
import { signalOf } from "../signal.js";

test("each pass is fed by the last, and its number is in the leaf's key", () => {
  const stepper = forward(seq(loop("l", run("a")), run("b")));
  expect(stepper.begin("in").start).toMatchObject([
    { key: "0.0#0:forward", path: [0, 0], passes: [0], input: value("in") },
  ]);
  expect(stepper.complete("0.0#0:forward", done("1")).start).toMatchObject([
    { key: "0.0#1:forward", passes: [1], input: value("1") },
  ]);
  expect(stepper.complete("0.0#1:forward", done("2", stops)).start).toMatchObject([
    { key: "1#:forward", nodeId: "b", passes: [], input: value("2") },
  ]);
});

test("it ends with the last pass it may make", () => {
  const stepper = forward(loop("l", run("a"), 2));
  stepper.begin("in");
  expect(stepper.complete("0#0:forward", done("1")).end).toBeUndefined();
  expect(stepper.complete("0#1:forward", done("2")).end).toMatchObject({ output: value("2") });
});

test.each([undefined, null])("without a limit (%s) it makes a hundred passes", (most) => {
  const stepper = forward({
    Loop: { node_id: "l", body: run("a"), max_iterations: most },
  });
  stepper.begin("in");
  for (let pass = 0; pass < LIMITS.loopIterations - 1; pass++) {
    expect(stepper.complete(`0#${pass}:forward`, done(`${pass}`)).end).toBeUndefined();
  }
  expect(stepper.complete("0#99:forward", done("99")).end).toMatchObject({ output: value("99") });
});

test("loops within loops count each for itself", () => {
  const stepper = forward(loop("outer", seq(loop("inner", run("a"), 2)), 2));
  const keys = [];
  let step = stepper.begin("in");
  while (step.end === undefined) {
    const [leaf] = step.start;
    keys.push(leaf?.key);
    step = stepper.complete(leaf?.key ?? "", done("x"));
  }
  expect(keys).toEqual([
    "0.0.0#0.0:forward",
    "0.0.0#0.1:forward",
    "0.0.0#1.0:forward",
    "0.0.0#1.1:forward",
  ]);
});

test("only a pass's own output stops it, not that of a step within", () => {
  const stepper = forward(loop("l", seq(run("a"), run("b")), 5));
  stepper.begin("in");
  stepper.complete("0.0#0:forward", done("A", stops));
  expect(stepper.complete("0.1#0:forward", done("B")).start).toMatchObject([
    { key: "0.0#1:forward" },
  ]);
});

test("a pass that joins arms stops by a `done` entry that is true", () => {
  const plan = loop("l", par(run("x"), run("done")), 5);
  const yes = signalOf({ type: "Json", data: true });
  for (const [signal, passes] of [
    [yes, 1],
    [stops, 2],
  ] as const) {
    const stepper = forward(plan);
    stepper.begin("in");
    stepper.complete("0.0#0:forward", done("X"));
    const { start, end } = stepper.complete("0.1#0:forward", done("D", signal));
    if (passes === 1) expect(end).toMatchObject({ output: record({ x: "X", done: "D" }) });
    else expect(start).toHaveLength(2);
  }
});

test("a pass that gives back the plan's input stops by what that says", () => {
  const plan = loop("l", branch("b", { keep: "Empty" }), 5);
  const stopping = forward(plan);
  stopping.begin("in", stops);
  expect(stopping.complete("0#0:forward", done("x", says("keep"))).end).toMatchObject({
    output: value("in"),
  });
  const going = forward(plan);
  going.begin("in");
  expect(going.complete("0#0:forward", done("x", says("keep"))).start).toMatchObject([
    { key: "0#1:forward" },
  ]);
});

test("a body without a step is passed once, however often it may be", () => {
  const plan = loop("l", par(seq("Empty"), loop("m", "Empty")), Number.MAX_SAFE_INTEGER);
  expect(forward(plan).begin("in").end).toMatchObject({ output: record({ "#0": "in", m: "in" }) });
});
