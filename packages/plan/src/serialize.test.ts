import { isPlanwireError, type Issue } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { branch, loop, parallel, plan, remote } from "./builder.js";
import { defineFilter } from "./define-filter.js";
import { serializePlan } from "./serialize.js";

const add = defineFilter("add", (x: number) => x + 1);
const big = defineFilter("big", (x: number) => x > 9);
const text = defineFilter("text", (x: unknown) => JSON.stringify(x));
const learn = defineFilter("learn", {
  version: "2.0",
  fit: (x: number) => ({ x }),
  forward: (x: number, s) => x + s.x,
});
const guess = defineFilter("guess", (x: { done: boolean }) => x);

function treeOf(step: unknown): unknown {
  return serializePlan(step, { id: "p" }).plan;
}
function armKeysOf(step: unknown): unknown {
  return serializePlan(step, { id: "p" }).arm_keys;
}
function refusal(step: unknown): readonly Issue[] {
  try {
    serializePlan(step, { id: "p" });
  } catch (error) {
    if (isPlanwireError(error, "PLAN_REFUSED")) return error.details.issues;
    throw error;
  }
  return expect.fail("nothing was thrown");
}
const execute = (node_id: string) => ({ Execute: { node_id } });

describe("the tree", () => {
  test.each([
    ["of a filter alone is an Execute", add, execute("add")],
    ["of a single step is that step", plan("p").pipe(add), execute("add")],
    [
      "of a plan within a plan is one Sequence",
      plan("p")
        .pipe(add)
        .pipe(plan("q").pipe(add.as("b")).pipe(big)),
      { Sequence: [execute("add"), execute("b"), execute("big")] },
    ],
    [
      "of a Parallel holds its arms in order",
      parallel({ b: plan("x").pipe(add).pipe(big), a: text }),
      { Parallel: [{ Sequence: [execute("add"), execute("b")] }, execute("a")] },
    ],
    [
      "of a Branch bears the condition's id",
      branch(big.as("which"), { true: add, default: text }),
      {
        Branch: {
          node_id: "which",
          arms: [
            ["true", execute("add")],
            ["default", execute("text")],
          ],
        },
      },
    ],
    [
      "of a Loop bears its label",
      loop("again", guess),
      { Loop: { node_id: "again", body: execute("guess") } },
    ],
    [
      "of a Loop may limit its passes",
      loop("again", guess, { max: 3 }),
      { Loop: { node_id: "again", body: execute("guess"), max_iterations: 3 } },
    ],
    [
      "of a Remote has a label beside its last node's id",
      remote({ tag: "gpu" }, add),
      { Remote: { node_id: "remote:add", target: { Tag: "gpu" }, plan: execute("add") } },
    ],
    [
      "of a Remote may name a worker",
      remote({ worker: "w" }, remote({ tag: "gpu" }, parallel(add))),
      {
        Remote: {
          node_id: "remote",
          target: { WorkerId: "w" },
          plan: {
            Remote: {
              node_id: "remote:0",
              target: { Tag: "gpu" },
              plan: { Parallel: [execute("add")] },
            },
          },
        },
      },
    ],
  ])("%s", (_what, step, tree) => {
    expect(treeOf(step)).toEqual(tree);
  });
});

describe("arm_keys", () => {
  test("are absent where each arm's own key is meant", () => {
    expect(armKeysOf(parallel({ a: add, b: plan("x").pipe(add).pipe(big) }))).toBeUndefined();
    expect(
      armKeysOf(parallel(add, parallel(big, text), loop("l", guess) as never)),
    ).toBeUndefined();
  });

  test("say under the Parallel's path what the tree can't", () => {
    expect(armKeysOf(parallel({ "my key": add, b: big }))).toEqual({ "": ["my key", "b"] });
    const inner = parallel({ both: parallel(add, big), far: remote({ tag: "gpu" }, text) });
    expect(armKeysOf(plan("p").pipe(add.as("first")).pipe(inner))).toEqual({
      "1": ["both", "far"],
    });
    expect(
      armKeysOf(
        branch(big.as("c"), { true: remote({ tag: "t" }, inner), default: add.as("d") }) as never,
      ),
    ).toEqual({
      "0.0": ["both", "far"],
    });
    expect(armKeysOf(parallel(parallel(add, big).as("both"), text))).toEqual({
      "": ["both", "text"],
    });
  });
});

describe("a serialized plan", () => {
  test("binds each node to its filter, with params and state", () => {
    const params = { beyond: [1, "x"] };
    const step = plan("tidy")
      .pipe(learn.as("a"))
      .pipe(add.with(params as never))
      .pipe(learn);
    const bound = step.withStates({ a: { x: 1 } } as never);
    expect(serializePlan(bound, { id: "p", states: { learn: { x: 2 } } }).bindings).toEqual([
      { node_id: "a", uses: "learn@2.0", state: { type: "Json", data: { x: 1 } } },
      { node_id: "add", uses: "add", params },
      { node_id: "learn", uses: "learn@2.0", state: { type: "Json", data: { x: 2 } } },
    ]);
  });

  test("says its name, its input, and whether it fits", () => {
    const step = plan("tidy").pipe(learn);
    expect(serializePlan(step, { id: "p" })).toEqual({
      plan_id: "p",
      plan: execute("learn"),
      metadata: { name: "tidy" },
      bindings: [{ node_id: "learn", uses: "learn@2.0" }],
    });
    expect(serializePlan(step, { id: "p", input: 3, fit: { y: [true] } })).toMatchObject({
      input: { source: "Inline", value: { type: "Json", data: 3 } },
      mode: { Fit: { y: { type: "Json", data: [true] } } },
    });
    expect(serializePlan(step, { id: "p", input: undefined, fit: {} })).toMatchObject({
      input: { source: "Inline", value: { type: "Empty" } },
      mode: { Fit: { y: null } },
    });
    expect(serializePlan(learn, { id: "p" }).metadata).toEqual({});
  });

  test("is refused with an id that is no name", () => {
    expect(() => serializePlan(add, { id: "a/b" })).toThrow("a plan's id must be 1 to 128");
  });

  test.each([
    [
      "the state of learn",
      plan("p")
        .pipe(learn)
        .withStates({ learn: { x: new Date(0) } as never }),
      {},
    ],
    ["the params of add", add.with({ x: new Date(0) } as never), {}],
    ["the labels", learn, { fit: { y: { x: new Date(0) } } }],
  ])("tells when %s can't travel", (whose, step, options) => {
    expect(() => serializePlan(step, { id: "p", ...options })).toThrow(
      `${whose}: this value cannot travel: $.x: Date`,
    );
  });

  test("takes no bytes as params", () => {
    const step = add.with({ key: Uint8Array.of(1) } as never);
    expect(() => serializePlan(step, { id: "p" })).toThrow("the params of add must be plain JSON");
  });
});

describe("a plan is refused", () => {
  test("where two nodes have one id, naming both", () => {
    const step = plan("p")
      .pipe(add)
      .pipe(parallel({ x: big, y: plan("q").pipe(text.as("add")).pipe(text) }));
    const message =
      'the id "add" stands twice: filter add at plan.Sequence[0].Execute.node_id, and filter text at plan.Sequence[1].Parallel[1].Sequence[0].Execute.node_id';
    expect(refusal(step)).toEqual([
      { path: "plan.Sequence[0].Execute.node_id", message },
      { path: "plan.Sequence[1].Parallel[1].Sequence[0].Execute.node_id", message },
    ]);
  });

  test("where a loop's label is a node's id", () => {
    expect(refusal(loop("guess", guess)).map(({ path }) => path)).toEqual([
      "plan.Loop.node_id",
      "plan.Loop.body.Execute.node_id",
    ]);
  });

  test("where two arms have one key", () => {
    const arms = parallel(parallel(add, big).as("text"), text);
    expect(refusal(arms)).toEqual([
      { path: "plan.Parallel", message: "two arms have the same key, of text, text" },
    ]);
  });

  test("deeper than its limit", () => {
    let step = plan("p").pipe(guess);
    for (let i = 0; i < 70; i++) step = loop(`l${i}`, step) as never;
    expect(refusal(step)[0]?.message).toBe("deeper than 64 levels");
  });
});
