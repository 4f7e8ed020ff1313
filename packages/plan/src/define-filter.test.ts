import { isPlanwireError } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { FilterContext } from "./context.js";
import { defineFilter } from "./define-filter.js";
import { definitionOf } from "./filter-definition.js";

const ctx = { nodeId: "n" } as FilterContext<unknown>;
/** As a user of plain JavaScript could call it. */
const untyped = defineFilter as unknown as (name: unknown, spec?: unknown) => unknown;

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isPlanwireError(error, "BAD_USAGE")) return error.message;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("a filter's definition", () => {
  test("of a function is Stateless, FixedState and runs in a thread", () => {
    const definition = definitionOf(defineFilter("double", (x: number) => x * 2));
    expect(definition).toMatchObject({
      name: "double",
      kind: "Stateless",
      streamMode: "FixedState",
      isolate: "thread",
    });
    expect(definition?.forward(4, undefined, ctx)).toBe(8);
    expect(definition?.fit).toBeUndefined();
  });

  test("of a stateless function gets the context in second place", () => {
    const spec = { forward: (x: number, { nodeId }: FilterContext) => `${nodeId}${x}` };
    expect(definitionOf(defineFilter("a", spec))?.forward(1, "state", ctx)).toBe("n1");
    expect(definitionOf(defineFilter("b", spec.forward))?.forward(1, "state", ctx)).toBe("n1");
  });

  test("with fit is Trainable and gets labels and state", () => {
    const definition = definitionOf(
      defineFilter("learn", {
        fit: (xs: number[], y: boolean[]) => ({ w: xs.length + y.length }),
        forward: (xs, state) => xs.map((x) => x * state.w),
      }),
    );
    expect(definition?.kind).toBe("Trainable");
    expect(definition?.fit?.([1], [true], ctx)).toEqual({ w: 2 });
    expect(definition?.forward([3], { w: 2 }, ctx)).toEqual([6]);
  });

  test("keeps options and schemas, and the spec stays `this`", () => {
    const params = z.object({ beyond: z.number() });
    const spec = {
      version: "1.2.0",
      isolate: "inline",
      streamMode: "Barrier",
      timeoutMs: 100,
      params,
      factor: undefined,
      forward(this: { timeoutMs: number }, x: number) {
        return x * this.timeoutMs;
      },
    } as const;
    const { factor: _unused, ...known } = spec;
    const definition = definitionOf(untyped("f", known));
    expect(definition).toMatchObject({
      version: "1.2.0",
      isolate: "inline",
      streamMode: "Barrier",
      timeoutMs: 100,
    });
    expect(definition?.params).toBe(params);
    expect(definition?.forward(2, undefined, ctx)).toBe(200);
  });

  test("is found behind a renamed filter and one with params, and nowhere else", () => {
    const filter = defineFilter("double", (x: number) => x * 2);
    expect(definitionOf(filter.as("twice").with(undefined))).toBe(definitionOf(filter));
    for (const other of [undefined, null, "double", () => 1, {}]) {
      expect(definitionOf(other)).toBeUndefined();
    }
  });

  test("is found by a brand that another copy of the package shares", () => {
    const foreign = { [Symbol.for("planwire.filter")]: { name: "elsewhere" } };
    expect(definitionOf(foreign)).toEqual({ name: "elsewhere" });
  });
});

describe("defineFilter refuses", () => {
  test.each(["", "two words", "-x", "__proto__", "a".repeat(129), 3, undefined])(
    "the name %j",
    (name) => {
      expect(refusal(() => untyped(name, () => 1))).toMatch(/a filter's name must be 1 to 128/);
    },
  );

  test.each([
    [undefined, 'defineFilter("f"): expected a function or { forward, ... }, not undefined'],
    [[], 'defineFilter("f"): expected a function or { forward, ... }, not an array'],
    [{}, 'defineFilter("f"): forward is missing; it must be a function'],
    [{ fit: () => 1 }, 'defineFilter("f"): forward is missing; it must be a function'],
    [{ forward: 3 }, 'defineFilter("f"): forward must be a function, not 3'],
    [
      { forward, isolate: "worker" },
      'isolate must be "thread", "inline" or "process", not "worker"',
    ],
    [{ forward, streamMode: "fixed" }, 'must be "FixedState", "Evolving", "Barrier", not "fixed"'],
    [{ forward, timeoutMs: 0 }, "timeoutMs must be a positive number of milliseconds, not 0"],
    [{ forward, timeoutMs: NaN }, "timeoutMs must be a positive number of milliseconds, not NaN"],
    [{ forward, version: "1@2" }, 'without "@" and spaces, not "1@2"'],
    [{ forward, params: { type: "object" } }, "params must be a Standard Schema, not an object"],
    [{ forward, forwards: forward }, 'has no option "forwards"; there are forward, fit, version'],
    [{ forward, constructor: forward }, 'has no option "constructor"'],
  ])("the spec %j", (spec, message) => {
    expect(refusal(() => untyped("f", spec))).toContain(message);
  });
});

function forward(x: unknown): unknown {
  return x;
}
