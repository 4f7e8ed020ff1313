import { expect, test } from "vitest";
import { par, run, seq } from "../testing/plans.js";
import { cancelled, done, error, failed, forward, value } from "../testing/stepping.js";

const nothing = { start: [], cancel: [] };
const plan = seq(par(run("a"), run("b")), run("c"));

test("a cancel names every running leaf once, and ends when all are completed", () => {
  const stepper = forward(plan);
  stepper.begin("in");
  expect(stepper.cancel()).toEqual({ start: [], cancel: ["0.0#:forward", "0.1#:forward"] });
  expect(stepper.cancel()).toEqual(nothing);
  expect(stepper.complete("0.0#:forward", cancelled)).toEqual(nothing);
  expect(stepper.complete("0.1#:forward", cancelled)).toEqual({
    ...nothing,
    end: { status: "Cancelled" },
  });
});

test("nothing starts after a cancel, and a leaf that still succeeds or fails changes nothing", () => {
  const stepper = forward(plan);
  stepper.begin("in");
  stepper.cancel();
  expect(stepper.complete("0.0#:forward", done("A"))).toEqual(nothing);
  expect(stepper.complete("0.1#:forward", failed("late")).end).toEqual({ status: "Cancelled" });
});

test("a cancel before the begin ends at once, and then nothing begins", () => {
  const stepper = forward(plan);
  expect(stepper.cancel()).toEqual({ ...nothing, end: { status: "Cancelled" } });
  expect(() => stepper.begin("in")).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});

test("a cancel after the end does nothing", () => {
  const stepper = forward(run("a"));
  stepper.begin("in");
  expect(stepper.complete("#:forward", done("A")).end).toMatchObject({ output: value("A") });
  expect(stepper.cancel()).toEqual(nothing);
});

test("a cancel after the first failure does nothing: the plan has failed", () => {
  const stepper = forward(plan);
  stepper.begin("in");
  expect(stepper.complete("0.0#:forward", failed("broken")).cancel).toEqual(["0.1#:forward"]);
  expect(stepper.cancel()).toEqual(nothing);
  expect(stepper.complete("0.1#:forward", cancelled).end).toEqual({
    status: "Failed",
    error: error("broken"),
  });
});

test("a leaf that was cancelled elsewhere cancels the plan", () => {
  const stepper = forward(plan);
  stepper.begin("in");
  expect(stepper.complete("0.1#:forward", cancelled)).toEqual({
    start: [],
    cancel: ["0.0#:forward"],
  });
  expect(stepper.complete("0.0#:forward", cancelled).end).toEqual({ status: "Cancelled" });
});
