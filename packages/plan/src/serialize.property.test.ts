// Whatever the builder builds is a plan that the schema, the checker and both codecs take.
import assert from "node:assert/strict";
import {
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  SerializedPlan,
} from "@planwire/protocol";
import fc from "fast-check";
import { test } from "vitest";
import { branch, loop, parallel, plan, remote } from "./builder.js";
import { checkPlan } from "./check.js";
import { defineFilter } from "./define-filter.js";
import { serializePlan } from "./serialize.js";
import type { AnyStep } from "./step.types.js";

/** Steps without ids: those are given while building, so that each stands once. */
type Shape =
  | { kind: "filter"; trainable: boolean }
  | { kind: "sequence" | "parallel" | "keyed" | "branch"; of: Shape[] }
  | { kind: "loop" | "remote"; of: Shape };

const { shape } = fc.letrec<{ shape: Shape }>((tie) => {
  const several = fc.array(tie("shape"), { minLength: 1, maxLength: 4 });
  return {
    shape: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record({ kind: fc.constant("filter" as const), trainable: fc.boolean() }),
      fc.record({
        kind: fc.constantFrom(
          "sequence" as const,
          "parallel" as const,
          "keyed" as const,
          "branch" as const,
        ),
        of: several,
      }),
      fc.record({ kind: fc.constantFrom("loop" as const, "remote" as const), of: tie("shape") }),
    ),
  };
});

const stateless = defineFilter("stateless", (x: unknown) => x);
const trainable = defineFilter("trainable", { fit: (x: unknown) => x, forward: (x) => x });

/** The builder's types ask for steps that fit; here any go together. */
const untyped = { branch, loop, parallel, plan, remote } as unknown as {
  branch(on: AnyStep, arms: Record<string, AnyStep>): AnyStep;
  loop(id: string, body: AnyStep): AnyStep;
  parallel(...arms: [Record<string, AnyStep>] | AnyStep[]): AnyStep;
  plan(name: string): { pipe(step: AnyStep): AnyStep };
  remote(where: { tag: string }, step: AnyStep): AnyStep;
};

function build(root: Shape): AnyStep {
  let count = 0;
  const fresh = () => `n${count++}`;
  const step = (of: Shape): AnyStep => {
    switch (of.kind) {
      case "filter":
        return (of.trainable ? trainable : stateless).as(fresh());
      case "sequence":
        return of.of
          .map(step)
          .reduce(
            (plan, next) => (plan as never as { pipe(s: AnyStep): AnyStep }).pipe(next),
            untyped.plan("inner").pipe(stateless.as(fresh())),
          );
      case "parallel":
        return untyped.parallel(...of.of.map(step));
      case "keyed":
        return untyped.parallel(Object.fromEntries(of.of.map((arm) => [fresh(), step(arm)])));
      case "branch":
        return untyped.branch(
          stateless.as(fresh()),
          Object.fromEntries(of.of.map((arm, i) => [`label ${i}`, step(arm)])),
        );
      case "loop":
        return untyped.loop(fresh(), step(of.of));
      case "remote":
        return untyped.remote({ tag: "t" }, step(of.of));
    }
  };
  return step(root);
}

/** A plan comes from its client in text or in msgpack, which refuses this key. */
const json = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !JSON.stringify(value).includes('"__proto__"'));

test("a built plan is a valid SerializedPlan, the same after each codec", () => {
  fc.assert(
    fc.property(shape, json, (root, input) => {
      const built = serializePlan(build(root), { id: "p", input });
      assert.deepEqual(checkPlan(built), []);
      const parsed = SerializedPlan.parse(built);
      assert.deepEqual(parsed, built);
      const binary = encodeBinary(built, { typed: true, tensors: true });
      assert.deepEqual(decodeBinary(binary, SerializedPlan), built);
      assert.deepEqual(decodeText(encodeText(built), SerializedPlan), built);
    }),
  );
});
