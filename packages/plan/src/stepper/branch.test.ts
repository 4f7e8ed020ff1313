import { expect, test } from "vitest";
import { branch, run, seq } from "../testing/plans.js";
import { done, forward, says, value } from "../testing/stepping.js";
import { signalOf } from "../signal.js";

const kinds = branch("kind", { csv: run("csv"), json: run("json") });

test("the condition runs first, as a leaf of its own with the Branch's input", () => {
  expect(forward(seq(kinds)).begin("in").start).toMatchObject([
    {
      key: "0#:forward",
      path: [0],
      kind: "execute",
      nodeId: "kind",
      plan: run("kind"),
      input: value("in"),
    },
  ]);
});

test("the arm that it names gets the Branch's input, not the condition's output", () => {
  const stepper = forward(seq(run("a"), kinds));
  stepper.begin("in");
  stepper.complete("0#:forward", done("A"));
  expect(stepper.complete("1#:forward", done("out", says("json"))).start).toMatchObject([
    { key: "1.1#:forward", nodeId: "json", input: value("A") },
  ]);
});

test("the Branch's output is its arm's", () => {
  const stepper = forward(seq(kinds, run("next")));
  stepper.begin("in");
  stepper.complete("0#:forward", done("out", says("csv")));
  expect(stepper.complete("0.0#:forward", done("CSV")).start).toMatchObject([
    { nodeId: "next", input: value("CSV") },
  ]);
});

test("an Empty arm passes the Branch's input on", () => {
  const stepper = forward(branch("kind", { skip: "Empty" }));
  stepper.begin("in");
  const { end } = stepper.complete("#:forward", done("out", says("skip")));
  expect(end).toMatchObject({ status: "Succeeded", output: value("in") });
});

test("a boolean picks the arm with its name", () => {
  const stepper = forward(branch("big", { true: run("yes"), false: run("no") }));
  stepper.begin("in");
  const signal = signalOf({ type: "Json", data: false });
  expect(stepper.complete("#:forward", done("out", signal)).start).toMatchObject([
    { nodeId: "no" },
  ]);
});

test.each([
  ["default", branch("kind", { else: run("b"), x: run("c"), default: run("a") }), "a"],
  ["else, without default", branch("kind", { x: run("c"), else: run("b") }), "b"],
])("no match falls to %s, and so does an output that names no arm", (_, plan, nodeId) => {
  for (const signal of [says("other"), { stop: false }]) {
    const stepper = forward(plan);
    stepper.begin("in");
    expect(stepper.complete("#:forward", done("out", signal)).start).toMatchObject([{ nodeId }]);
  }
});

test("no match and nothing to fall to fails with the labels that there are", () => {
  const stepper = forward(seq(kinds));
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("out", says("xml")))).toEqual({
    start: [],
    cancel: [],
    end: {
      status: "Failed",
      error: {
        code: "NO_MATCHING_ARM",
        retryable: false,
        node_id: "kind",
        message: 'branch "kind": its output says "xml", its arms are "csv", "json"',
        hint: 'add that arm, or one labelled "default"',
        details: { nodeId: "kind", label: "xml", labels: ["csv", "json"] },
      },
    },
  });
});

test("a plan that was not checked can't pick what its labels inherit", () => {
  const stepper = forward(branch("kind", { x: "Empty" }));
  stepper.begin("in");
  const { end } = stepper.complete("#:forward", done("out", says("constructor")));
  expect(end).toMatchObject({ status: "Failed", error: { code: "NO_MATCHING_ARM" } });
});
