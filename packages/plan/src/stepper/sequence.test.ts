import { expect, test } from "vitest";
import { stepperProgram } from "./options.js";
import { Stepper } from "./stepper.js";
import { composite, run, seq, stream } from "../testing/plans.js";
import { done, forward, value } from "../testing/stepping.js";
import type { ExecutionPlan } from "@planwire/protocol";

test("the first step gets the plan's input, each next one the output before it", () => {
  const stepper = forward(seq(run("a"), run("b")));
  expect(stepper.begin("in").start).toEqual([
    {
      key: "0#:forward",
      path: [0],
      passes: [],
      op: "forward",
      kind: "execute",
      nodeId: "a",
      plan: run("a"),
      input: value("in"),
    },
  ]);
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([
    { key: "1#:forward", nodeId: "b", input: value("A") },
  ]);
  expect(stepper.complete("1#:forward", done("B"))).toEqual({
    start: [],
    cancel: [],
    end: { status: "Succeeded", output: value("B"), states: {} },
  });
});

test("a plan without input begins with Empty", () => {
  const { start } = forward(run("a")).begin(undefined);
  expect(start).toMatchObject([{ key: "#:forward", path: [], input: { kind: "empty" } }]);
});

test.each<[string, ExecutionPlan]>([
  ["Empty", "Empty"],
  ["an empty Sequence", seq()],
  ["an empty Composite", composite()],
  ["Empties in Sequences", seq("Empty", seq(seq(), "Empty"))],
])("%s passes its input on and ends at once", (_, plan) => {
  expect(forward(plan).begin("in")).toEqual({
    start: [],
    cancel: [],
    end: { status: "Succeeded", output: value("in"), states: {} },
  });
});

test("Empty between two steps changes nothing", () => {
  const stepper = forward(seq(run("a"), "Empty", run("b")));
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([
    { key: "2#:forward", input: value("A") },
  ]);
});

test.each([
  ["Composite", composite("a", "b")],
  ["Stream", stream("a", "b")],
])("the members of a %s run in a row, each a leaf of its own", (_, plan) => {
  const stepper = forward(seq(plan, run("c")));
  expect(stepper.begin("in").start).toMatchObject([{ key: "0.0#:forward", plan: run("a") }]);
  expect(stepper.complete("0.0#:forward", done("A")).start).toMatchObject([
    { key: "0.1#:forward", nodeId: "b", input: value("A") },
  ]);
  expect(stepper.complete("0.1#:forward", done("B")).start).toMatchObject([
    { key: "1#:forward", nodeId: "c", input: value("B") },
  ]);
});

test("two steppers may walk by one program: neither notices the other", () => {
  const program = stepperProgram<string>({
    plan: seq(run("a"), run("b")),
    edges: { b: ["a"] },
    mode: "Fit",
    trainable: ["a"],
  });
  const [one, other] = [new Stepper(program), new Stepper(program)];
  one.begin("1");
  one.complete("0#:fit", done("", undefined, { a: "state" }));
  one.complete("0#:forward", done("A1"));
  expect(other.begin("2").start).toMatchObject([{ key: "0#:fit", input: value("2") }]);
  expect(one.complete("1#:forward", done("B1")).end).toEqual({
    status: "Succeeded",
    output: value("B1"),
    states: { a: "state" },
  });
  expect(other.cancel().cancel).toEqual(["0#:fit"]);
});

test("neither ten thousand Empties in a row nor as many levels overflow the stack", () => {
  const long = seq(...Array<ExecutionPlan>(10_000).fill("Empty"));
  let deep: ExecutionPlan = "Empty";
  for (let level = 0; level < 2_000; level++) deep = seq(deep);
  expect(forward(long).begin("in").end).toMatchObject({ status: "Succeeded" });
  expect(forward(deep).begin("in").end).toMatchObject({ status: "Succeeded" });
});
