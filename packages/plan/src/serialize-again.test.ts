// A step that is serialized more than once: what its plans share, and when they have a shape to travel by.
import { LIMITS, shapeOf } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { branch, parallel, plan, remote } from "./builder.js";
import { checkPlan } from "./check.js";
import { defineFilter } from "./define-filter.js";
import { serializePlan } from "./serialize.js";

const add = defineFilter("add", (x: number) => x + 1);
const big = defineFilter("big", (x: number) => x > 9);
const learn = defineFilter("learn", {
  fit: (x: number) => ({ x }),
  forward: (x: number, s) => x + s.x,
});

const tidy = () => plan("tidy").pipe(add).pipe(big);

function serialized(step: unknown, times: number) {
  return Array.from({ length: times }, (_, i) => serializePlan(step, { id: `p${i}`, input: i }));
}
const hasShape = (step: unknown, options = {}) =>
  shapeOf(serializePlan(step, { id: "p", ...options })) !== undefined;

describe("a step that is serialized again", () => {
  test("has a shape from the second time on, one for all", () => {
    const [first, second, third] = serialized(tidy(), 3).map((of) => shapeOf(of));
    expect(first).toBeUndefined();
    expect(second).toBeDefined();
    expect(third).toBe(second);
  });

  test("gives the same plan each time, but for its id and input", () => {
    const step = plan("p")
      .pipe(add)
      .pipe(
        parallel({
          far: remote({ tag: "gpu" }, learn),
          other: branch(big.as("b"), { true: add.as("c"), default: add.as("d") }),
        }),
      );
    const [first, ...later] = serialized(step, 4);
    later.forEach((again, i) => {
      expect(again).toStrictEqual({
        ...first,
        plan_id: `p${i + 1}`,
        input: { source: "Inline", value: { type: "Json", data: i + 1 } },
      });
      expect(checkPlan(again)).toEqual([]);
    });
  });

  test("shares nothing with its first plan, so that whoever changes that one changes no other", () => {
    const step = tidy();
    const first = serializePlan(step, { id: "p" });
    first.bindings?.pop();
    (first.plan as { Sequence: unknown[] }).Sequence.pop();
    first.metadata = { name: "changed" };
    const [second, third] = serialized(step, 2);
    for (const again of [second, third]) {
      expect(again).toMatchObject({
        plan: { Sequence: [{ Execute: { node_id: "add" } }, { Execute: { node_id: "big" } }] },
        bindings: [{ uses: "add" }, { uses: "big" }],
        metadata: { name: "tidy" },
      });
    }
    expect(() => second?.bindings?.pop()).toThrow(TypeError);
  });

  test("has its shape also when it has another label", () => {
    const step = tidy();
    serialized(step, 2);
    const labelled = { ...serializePlan(step, { id: "p" }), metadata: { label: "night" } };
    expect(shapeOf(labelled)).toBeDefined();
  });

  test.each<[string, unknown, object]>([
    ["params, which may have changed", plan("p").pipe(add.with({ by: 1 } as never)), {}],
    ["params in a branch's arm", branch(big, { true: add.with({ by: 1 } as never) } as never), {}],
    [
      "states, which may have changed",
      plan("p")
        .pipe(learn)
        .withStates({ learn: { x: 1 } }),
      {},
    ],
    ["states of the submission", plan("p").pipe(learn), { states: { learn: { x: 1 } } }],
    ["labels to fit", plan("p").pipe(learn), { fit: { y: 1 } }],
    [
      "more characters than a shape has",
      plan("p").pipe(
        parallel(
          ...Array.from({ length: 200 }, (_, i) => add.as(`${"x".repeat(100)}${i}`)),
        ) as never,
      ),
      {},
    ],
  ])("never has a shape with %s", (_, step, options) => {
    for (let i = 0; i < 4; i++) expect(hasShape(step, options)).toBe(false);
  });

  test("says what params and states are now", () => {
    const params = { by: [1] };
    const state = { x: 1 };
    const step = plan("p")
      .pipe(add.with(params as never))
      .pipe(learn)
      .withStates({ learn: state });
    for (let i = 1; i < 5; i++) {
      params.by[0] = i;
      state.x = i;
      expect(serializePlan(step, { id: "p" }).bindings).toMatchObject([
        { params: { by: [i] } },
        { state: { data: { x: i } } },
      ]);
    }
  });

  test("is not mistaken for itself with states, or while it fits", () => {
    const step = plan("p").pipe(learn);
    serialized(step, 3);
    const fits = serializePlan(step, { id: "p", fit: { y: 1 } });
    const bound = serializePlan(step, { id: "p", states: { learn: { x: 1 } } });
    expect(fits.mode).toMatchObject({ Fit: { y: { data: 1 } } });
    expect(bound.bindings).toMatchObject([{ state: { data: { x: 1 } } }]);
    expect([fits, bound].map((of) => shapeOf(of))).toEqual([undefined, undefined]);
    expect(hasShape(step)).toBe(true);
  });

  test("is told from other steps of the same filters by its name", () => {
    const [one, other] = [plan("one").pipe(add), plan("other").pipe(add)];
    for (let i = 0; i < 3; i++) {
      expect(serializePlan(add, { id: "p" }).metadata).toEqual({});
      expect(serializePlan(one, { id: "p" }).metadata).toEqual({ name: "one" });
      expect(serializePlan(other, { id: "p" }).metadata).toEqual({ name: "other" });
    }
    const shapes = [add, one, other].map((step) => shapeOf(serializePlan(step, { id: "p" })));
    expect(new Set(shapes.map((shape) => shape?.text)).size).toBe(3);
    expect(shapes.every((shape) => (shape?.text.length ?? Infinity) <= LIMITS.shapeLength)).toBe(
      true,
    );
  });

  test("is refused each time that it is refused", () => {
    const twice = plan("p").pipe(add).pipe(add);
    for (let i = 0; i < 3; i++) {
      expect(() => serializePlan(twice, { id: "p" })).toThrow("stands twice");
      expect(() => serializePlan(add, { id: "a/b" })).toThrow("a plan's id must be");
    }
  });
});
