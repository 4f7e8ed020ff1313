import { expect, test } from "vitest";
import type { WireError } from "@planwire/protocol";
import { cached, run, seq } from "../testing/plans.js";
import { done, forward, value } from "../testing/stepping.js";

const plan = seq(cached("a"), run("b"));

test("a cached node is a leaf of its own kind, with its key and its input", () => {
  expect(forward(plan).begin("in").start).toEqual([
    {
      key: "0#:forward",
      path: [0],
      passes: [],
      op: "forward",
      kind: "cached",
      nodeId: "a",
      plan: cached("a"),
      cacheKey: Array(32).fill(7),
      input: value("in"),
    },
  ]);
});

test("what the cache holds is its output", () => {
  const stepper = forward(plan);
  stepper.begin("in");
  expect(stepper.complete("0#:forward", done("A")).start).toMatchObject([{ input: value("A") }]);
});

test("without an entry the driver says CACHE_MISS, and so does the plan", () => {
  const miss: WireError = { code: "CACHE_MISS", message: "no entry", retryable: false };
  const stepper = forward(plan);
  stepper.begin("in");
  expect(stepper.complete("0#:forward", { status: "failed", error: miss }).end).toEqual({
    status: "Failed",
    error: miss,
  });
});
