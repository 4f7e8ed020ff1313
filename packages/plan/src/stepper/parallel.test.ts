import type { ExecutionPlan } from "@planwire/protocol";
import { expect, test } from "vitest";
import {
  branch,
  cached,
  composite,
  loop,
  par,
  remote,
  run,
  seq,
  stream,
} from "../testing/plans.js";
import { done, forward, record, value } from "../testing/stepping.js";

test("every arm gets the Parallel's input, at once and in arm order", () => {
  const stepper = forward(seq(run("a"), par(run("b"), seq(run("c"), run("d")))));
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([
    { key: "1.0#:forward", nodeId: "b", input: value("A") },
    { key: "1.1.0#:forward", nodeId: "c", input: value("A") },
  ]);
});

test("the join is a Record in arm order, whichever arm ends first", () => {
  const stepper = forward(seq(par(run("a"), run("b")), run("join")));
  stepper.begin("in");
  expect(stepper.complete("0.1#:forward", done("B")).start).toEqual([]);
  expect(stepper.complete("0.0#:forward", done("A")).start).toMatchObject([
    { key: "1#:forward", input: record({ a: "A", b: "B" }) },
  ]);
});

test("an Empty arm gives the Parallel's input, under its index", () => {
  const stepper = forward(par("Empty", run("a")));
  stepper.begin("in");
  expect(stepper.complete("1#:forward", done("A")).end).toMatchObject({
    output: record({ "#0": "in", a: "A" }),
  });
});

test.each<[string, ExecutionPlan, string]>([
  ["its node", run("a"), "a"],
  ["its cached node", cached("c"), "c"],
  ["the last step of a Sequence", seq(run("a"), seq(run("b"), run("c"))), "c"],
  ["the last member of a Composite", composite("a", "b"), "b"],
  ["the last member of a Stream", seq(stream("a", "b")), "b"],
  ["a Loop", loop("again", run("a")), "again"],
  ["a Branch", branch("kind", { x: run("a") }), "kind"],
  ["a Remote", remote("away", "gpu", run("a")), "away"],
  ["its index, ending in a nested Parallel", seq(run("a"), par(run("b"))), "#1"],
  ["its index, ending in Empty", seq(run("a"), "Empty"), "#1"],
  ["its index, being empty", seq(), "#1"],
])("an arm's key is the id of %s", (_, arm, key) => {
  // Whole arms, so that only the join itself matters here.
  const stepper = forward(par("Empty", arm), { atomic: [[1]] });
  stepper.begin("in");
  const { end } = stepper.complete("1#", done("out"));
  expect(end).toMatchObject({ output: record({ "#0": "in", [key]: "out" }) });
});

test("given keys replace the arms' own, each under the path of its Parallel", () => {
  const stepper = forward(par(seq(par(run("a"), run("b"))), run("c")), {
    armKeys: { "": ["inner", "other"], "0.0": ["x", "y"] },
  });
  stepper.begin("in");
  stepper.complete("0.0.0#:forward", done("A"));
  stepper.complete("0.0.1#:forward", done("B"));
  expect(stepper.complete("1#:forward", done("C")).end).toMatchObject({
    output: {
      kind: "record",
      entries: [
        ["inner", record({ x: "A", y: "B" })],
        ["other", value("C")],
      ],
    },
  });
});

test("a Parallel of arms without steps joins at once", () => {
  expect(forward(par("Empty", seq())).begin("in").end).toMatchObject({
    output: record({ "#0": "in", "#1": "in" }),
  });
});
