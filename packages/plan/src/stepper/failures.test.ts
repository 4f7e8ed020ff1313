import { expect, test } from "vitest";
import { loop, par, run, seq } from "../testing/plans.js";
import { cancelled, done, error, failed, forward, record } from "../testing/stepping.js";

const plan = seq(par(run("a"), seq(run("b"), run("b2")), run("c")), run("d"));

test("a failure ends a plan that has nothing else running", () => {
  const stepper = forward(seq(run("a"), run("b")));
  stepper.begin("in");
  expect(stepper.complete("0#:forward", failed("broken"))).toEqual({
    start: [],
    cancel: [],
    end: { status: "Failed", error: error("broken") },
  });
});

test("the first arm that fails cancels the others; the end waits for them and keeps its error", () => {
  const stepper = forward(plan);
  stepper.begin("in");
  expect(stepper.complete("0.1.0#:forward", failed("first"))).toEqual({
    start: [],
    cancel: ["0.0#:forward", "0.2#:forward"],
  });
  expect(stepper.complete("0.2#:forward", failed("second"))).toEqual({ start: [], cancel: [] });
  expect(stepper.complete("0.0#:forward", cancelled).end).toEqual({
    status: "Failed",
    error: error("first"),
  });
});

test("an arm that fails before it starts keeps the arms reached with it from starting", () => {
  const stepper = forward(par(run("a"), run("b"), run("c")), { trainable: ["b"] });
  expect(stepper.begin("in")).toMatchObject({
    start: [],
    cancel: [],
    end: { status: "Failed", error: { code: "STATE_MISSING" } },
  });
});

test("when collecting, the other arms go on, and the plan fails at the join by arm order", () => {
  const stepper = forward(plan, { onArmFailure: "collect" });
  stepper.begin("in");
  expect(stepper.complete("0.2#:forward", failed("third arm"))).toEqual({ start: [], cancel: [] });
  expect(stepper.complete("0.1.0#:forward", done("B")).start).toMatchObject([{ nodeId: "b2" }]);
  expect(stepper.complete("0.1.1#:forward", failed("second arm"))).toEqual({
    start: [],
    cancel: [],
  });
  expect(stepper.complete("0.0#:forward", done("A"))).toEqual({
    start: [],
    cancel: [],
    end: { status: "Failed", error: error("second arm") },
  });
});

test("when collecting, an inner join fails its arm of the outer one", () => {
  const nested = par(loop("l", seq(par(run("a"), run("b")), run("never"))), run("c"));
  const stepper = forward(nested, { onArmFailure: "collect" });
  stepper.begin("in");
  stepper.complete("0.0.0.0#0:forward", failed("inner"));
  expect(stepper.complete("0.0.0.1#0:forward", done("B"))).toEqual({ start: [], cancel: [] });
  expect(stepper.complete("1#:forward", done("C")).end).toEqual({
    status: "Failed",
    error: error("inner"),
  });
});

test("when collecting, a failure outside every Parallel ends the plan", () => {
  const stepper = forward(seq(par("Empty"), run("a")), { onArmFailure: "collect" });
  stepper.begin("in");
  expect(stepper.complete("1#:forward", failed("broken")).end).toMatchObject({ status: "Failed" });
});

test("completing a leaf that never started or has ended throws INTERNAL with its key, and harms nothing", () => {
  const stepper = forward(par(run("a"), run("b")));
  stepper.begin("in");
  stepper.complete("0#:forward", done("A"));
  for (const key of ["0#:forward", "7#:forward", ""]) {
    const complaint = { code: "INTERNAL", message: expect.stringContaining(`"${key}"`) };
    expect(() => stepper.complete(key, done("again"))).toThrowError(
      expect.objectContaining(complaint),
    );
  }
  expect(stepper.complete("1#:forward", done("B")).end).toMatchObject({
    output: record({ a: "A", b: "B" }),
  });
  expect(() => stepper.complete("1#:forward", done("B"))).toThrowError(/"1#:forward"/);
});

test("beginning twice throws INTERNAL", () => {
  const stepper = forward(run("a"));
  stepper.begin("in");
  expect(() => stepper.begin("in")).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});
