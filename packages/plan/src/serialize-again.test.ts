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

const withParams = (params: unknown) => plan("p").pipe(add.with(params as never));
const withState = (state: unknown) =>
  plan("p")
    .pipe(learn)
    .withStates({ learn: state as never });
const manyAdds = () => Array.from({ length: 200 }, (_, i) => add.as(`${"x".repeat(100)}${i}`));

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
    ["states of the submission", plan("p").pipe(learn), { states: { learn: { x: 1 } } }],
    ["labels to fit", plan("p").pipe(learn), { fit: { y: 1 } }],
    ["a tensor as its state", withState({ x: Float64Array.of(1) }), {}],
    ["bytes as its state", withState(Uint8Array.of(1)), {}],
    ["a 64-bit integer in its params", withParams({ by: 2n ** 60n }), {}],
    ["-0 in its params", withParams({ by: -0 }), {}],
    ["a property of its params that is undefined", withParams({ by: undefined }), {}],
    ["params of more than a little", withParams("x".repeat(LIMITS.shapeLength)), {}],
    ["more characters than a shape has", parallel(...manyAdds()) as never, {}],
  ])("never has a shape with %s", (_, step, options) => {
    const plain = serializePlan(step, { id: "p", ...options });
    for (let i = 0; i < 4; i++) {
      expect(hasShape(step, options)).toBe(false);
      expect(serializePlan(step, { id: "p", ...options })).toStrictEqual(plain);
    }
  });

  test("may have params and states, where they are a little JSON", () => {
    const step = plan("p")
      .pipe(
        branch(big, {
          true: add.with(JSON.parse('{"__proto__":[1e300,null]}')),
          default: add.as("b"),
        }),
      )
      .pipe(learn)
      .withStates({ learn: { x: 1 } });
    const [first, ...later] = serialized(step, 4);
    for (const again of later) {
      expect(again.bindings).toStrictEqual(first?.bindings);
      expect(shapeOf(again)).toBe(shapeOf(later[0] as never));
    }
    expect(shapeOf(later[0] as never)).toBeDefined();
  });

  test("leaves its params and states to whoever gave them", () => {
    const params = { by: [1] };
    const state = { x: 1 };
    serialized(withParams(params), 3);
    serialized(withState(state), 3);
    expect([params, params.by, state].some((given) => Object.isFrozen(given))).toBe(false);
  });

  test("says what params and states are now, and has no shape any more once they have changed", () => {
    const params: { by: unknown } = { by: [1] };
    const state = { x: 1 };
    const step = plan("p")
      .pipe(add.with(params as never))
      .pipe(learn)
      .withStates({ learn: state });
    const now = () => {
      const serialized = serializePlan(step, { id: "p" });
      expect(serialized.bindings).toStrictEqual([
        { node_id: "add", uses: "add", params },
        { node_id: "learn", uses: "learn", state: { type: "Json", data: state } },
      ]);
      return shapeOf(serialized) !== undefined;
    };
    expect([now(), now(), now()]).toEqual([false, true, true]);
    state.x = 2;
    expect([now(), now(), now()]).toEqual([false, false, false]);
    params.by = new Date(0);
    expect(now).toThrow("the params of add");
    params.by = [{ deep: true }];
    expect([now(), now()]).toEqual([false, false]);
  });

  test.each<[string, (params: { by: unknown[] }) => void]>([
    ["at depth", ({ by }) => by.push(1)],
    ["to another type", (params) => (params.by = "[]" as never)],
    ["to -0", ({ by }) => (by[0] = -0)],
    ["to a bigint", ({ by }) => (by[0] = 2n ** 60n)],
    ["to bytes", (params) => (params.by = Uint8Array.of() as never)],
  ])("notices that its params have changed %s", (_, change) => {
    const params = { by: [0] as unknown[] };
    const step = withParams(params);
    serialized(step, 3);
    change(params);
    const written = () => serializePlan(step, { id: "p" }).bindings?.[0]?.params;
    if (ArrayBuffer.isView(params.by)) expect(written).toThrow("the params of add");
    else expect(written()).toStrictEqual(params);
  });

  test("is refused when its params can't travel any more, though they have the same text", () => {
    const params: { at: unknown } = { at: new Date(0).toJSON() };
    const step = withParams(params);
    serialized(step, 3);
    params.at = new Date(0);
    expect(() => serializePlan(step, { id: "p" })).toThrow("$.at: Date");
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
