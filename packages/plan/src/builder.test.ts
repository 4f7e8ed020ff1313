import { isPlanwireError } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { branch, loop, parallel, plan, remote } from "./builder.js";
import { defineFilter } from "./define-filter.js";
import { filtersIn, nodesOf } from "./nodes-of.js";
import { definitionOf } from "./filter-definition.js";
import { isStep } from "./step-node.js";

const add = defineFilter("add", (x: number) => x + 1);
const big = defineFilter("big", (x: number) => x > 9);
const learn = defineFilter("learn", {
  fit: (x: number) => ({ x }),
  forward: (x: number, s) => x + s.x,
});

function ids(step: unknown): string[] {
  return nodesOf(step).map(({ id }) => id);
}

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isPlanwireError(error, "BAD_USAGE")) return `${error.message} | ${error.hint ?? ""}`;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("a builder", () => {
  test("never changes a step: each word gives a new one", () => {
    const first = plan("p").pipe(add);
    const second = first.pipe(big);
    first.as("other");
    expect(ids(first)).toEqual(["add"]);
    expect(ids(second)).toEqual(["add", "big"]);
    expect(Object.isFrozen(first) && Object.isFrozen(add)).toBe(true);
  });

  test("is never a thenable, so that awaiting a step gives the step", async () => {
    for (const step of [
      add,
      plan("p"),
      plan("p").pipe(add),
      parallel(add),
      loop("l", add as never),
    ]) {
      expect("then" in step).toBe(false);
      expect(await (step as unknown)).toBe(step);
    }
  });

  test("renames the last node, wherever it lies", () => {
    expect(ids(add.as("a").as("b"))).toEqual(["b"]);
    const steps = plan("p").pipe(add).pipe(big);
    expect(ids(steps.as("x"))).toEqual(["add", "x"]);
    expect(ids(remote({ tag: "t" }, steps).as("x"))).toEqual(["add", "x"]);
    expect(ids(branch(big, { true: add, false: learn }).as("x"))).toEqual(["x", "add", "learn"]);
    expect(ids(loop("l", big as never).as("x"))).toEqual(["big"]);
  });

  test("names each arm's last node by its key", () => {
    const arms = parallel({ left: plan("l").pipe(add).pipe(big), right: learn.as("other") });
    expect(ids(arms)).toEqual(["add", "left", "right"]);
  });

  test("leaves a node its id where the key can't be one", () => {
    expect(ids(parallel({ "my key": add, two: big }))).toEqual(["add", "two"]);
    expect(refusal(() => parallel({ "my key": learn }))).toContain(
      "the key of an arm that ends in learn, which may have a state, must be 1 to 128",
    );
  });

  test("knows the filters in a step, each once", () => {
    const step = plan("p")
      .pipe(add)
      .pipe(branch(big, { true: add.as("a"), false: learn }));
    expect(filtersIn(step)).toEqual([add, big, learn].map(definitionOf));
  });

  test("knows steps by a brand that another copy of the package shares", () => {
    const node = { kind: "filter", id: "x", name: "x" };
    const foreign = { [Symbol.for("planwire.step")]: node };
    expect(isStep(foreign)).toBe(true);
    expect(ids(plan("p").pipe(foreign as never))).toEqual(["x"]);
  });
});

describe("a builder refuses", () => {
  const nothing = undefined as never;
  test.each([
    ["a plan's name", () => plan("my plan"), "a plan's name must be 1 to 128"],
    ["a node's id", () => add.as("a b"), "a node's id must be 1 to 128"],
    ["a plan's node id", () => plan("p").pipe(add).as(""), "a node's id must be 1 to 128"],
    ["nothing", () => plan("p").pipe(nothing), "expects a filter or a plan, not undefined"],
    ["a function", () => plan("p").pipe(((x: number) => x) as never), "wrap the function"],
    ["an empty plan", () => plan("p").pipe(plan("q") as never), "expects a filter or a plan"],
    ["no arms", () => parallel({}), "at least one arm"],
    ["no arms at all", () => parallel(), "at least one arm"],
    ["an array of arms", () => parallel([add] as never), "or steps, not an array"],
    ["an arm without a key", () => parallel({ "": add }), "an arm's key must be"],
    ["an arm that is none", () => parallel({ a: 3 as never }), "parallel({ a }) expects"],
    [
      "a condition of several steps",
      () => branch(plan("p").pipe(add).pipe(big) as never, {} as never),
      "on must be one filter, not a sequence",
    ],
    ["a branch without arms", () => branch(big, {} as never), "arms must be { label: step, ... }"],
    ["a loop's id", () => loop("", big as never), "a loop's id must be"],
    [
      "a loop without a pass",
      () => loop("l", big as never, { max: 0 }),
      "max must be a whole number from 1, not 0",
    ],
    ["a place", () => remote({} as never, add), "where must be { tag } or { worker }"],
    ["two places", () => remote({ tag: "a", worker: "b" } as never, add), "where must be { tag }"],
    ["an empty tag", () => remote({ tag: "" }, add), "where must be { tag }"],
  ])("%s", (_what, call, message) => {
    expect(refusal(call)).toContain(message);
  });
});
