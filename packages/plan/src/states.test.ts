import { isPlanwireError } from "@planwire/protocol";
import { expect, test } from "vitest";
import { branch, loop, parallel, plan } from "./builder.js";
import { defineFilter } from "./define-filter.js";
import { filtersOf } from "./filters-of.js";
import { nodesOf } from "./nodes-of.js";
import { missingStates, requireStates } from "./states.js";

const big = defineFilter("big", (x: number) => x > 9);
const learn = defineFilter("learn", {
  fit: (x: number) => ({ x }),
  forward: (x: number, s) => x + s.x,
});

const step = plan("p")
  .pipe(learn)
  .pipe(parallel({ left: learn, right: plan("r").pipe(learn.as("inner")).pipe(big) }))
  .pipe(defineFilter("left", (x: { left: number }) => x.left).as("pick"))
  .pipe(
    branch(big, { true: learn.as("arm"), false: loop("l", learn.as("in-arm") as never) as never }),
  );

test("the states of Trainable nodes outside of branch arms are missing", () => {
  expect(missingStates(step)).toEqual(["learn", "left", "inner"]);
});

test("states are given by node id, a later one counts", () => {
  const some = step.withStates({ learn: { x: 1 }, left: { x: 2 } } as never);
  expect(missingStates(some)).toEqual(["inner"]);
  const all = some.withStates({ inner: { x: 3 }, left: { x: 4 }, arm: { x: 5 } });
  expect(missingStates(all)).toEqual([]);
  const states = nodesOf(all).map(({ id, state }) => [id, state?.value]);
  expect(states).toEqual([
    ["learn", { x: 1 }],
    ["left", { x: 4 }],
    ["inner", { x: 3 }],
    ["right", undefined],
    ["pick", undefined],
    ["big", undefined],
    ["arm", { x: 5 }],
    ["in-arm", undefined],
  ]);
});

test("a state stays with its node when that is renamed afterwards", () => {
  const ready = plan("p")
    .pipe(learn)
    .withStates({ learn: { x: 1 } });
  expect(missingStates(parallel({ left: ready, right: ready.as("again") }))).toEqual([]);
});

test("a state may be undefined, and inherited members are none", () => {
  expect(
    missingStates(
      plan("p")
        .pipe(learn)
        .withStates({ learn: undefined as never }),
    ),
  ).toEqual([]);
  const named = plan("p").pipe(learn.as("constructor"));
  expect(missingStates(named.withStates({} as never))).toEqual(["constructor"]);
});

test("a Stateless filter takes no state; one known by name alone may", () => {
  const known = filtersOf<{ learn: typeof learn }>();
  const thin = plan("p").pipe(known.learn).pipe(big);
  expect(missingStates(thin)).toEqual([]);
  const states = nodesOf(thin.withStates({ learn: { x: 1 }, big: 1 } as never));
  expect(states.map(({ state }) => state?.value)).toEqual([{ x: 1 }, undefined]);
});

test("running without them names the nodes and the remedy", () => {
  const error = thrownBy(() => requireStates(step));
  if (!isPlanwireError(error, "STATE_MISSING")) return expect.fail("STATE_MISSING expected");
  expect(error.details.nodeIds).toEqual(["learn", "left", "inner"]);
  expect(error.message).toBe("the plan is not fitted: no state for learn, left, inner");
  expect(error.hint).toContain("withStates");
});

test("withStates refuses what is no object of states", () => {
  expect(() => step.withStates(undefined as never)).toThrow("expects { nodeId: state }");
});

function thrownBy(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
