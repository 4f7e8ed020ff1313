import * as z from "zod/mini";
import { DataRef } from "./data-ref.js";
import { AnyId } from "./ids.js";
import { ExecutionPlan } from "./plan.js";
import { PlanPolicy } from "./policy.js";
import { JsonValue } from "./schema/json-value.js";
import { object } from "./schema/object.js";
import { struct, tagged } from "./schema/struct.js";
import { Value } from "./value.js";

export const PlanInput = tagged("source", [
  object({ source: z.literal("Inline"), value: Value }),
  object({ source: z.literal("Reference"), data_ref: DataRef }),
]);
export type PlanInput = z.infer<typeof PlanInput>;

/** A Python filter by value: base64 of its cloudpickle bytes. */
export const PickledFilter = struct({
  node_id: AnyId,
  pickled_filter: z.string(),
  state: z.nullish(Value),
  requirements: z.nullish(z.array(z.string())),
  trainable: z.nullish(z.boolean()),
});
export type PickledFilter = z.infer<typeof PickledFilter>;

/** Names a filter that workers already have: `uses` is `name` or `name@version`. */
export const Binding = object({
  node_id: AnyId,
  uses: z.string().check(z.minLength(1)),
  params: z.optional(JsonValue),
  state: z.nullish(Value),
});
export type Binding = z.infer<typeof Binding>;

export const Mode = z.union([
  z.literal("Forward"),
  object({ Fit: struct({ y: z.nullish(Value) }) }),
]);
export type Mode = z.infer<typeof Mode>;

const fields = {
  plan_id: AnyId,
  plan: ExecutionPlan,
  input: z.nullish(PlanInput),
  filters: z.nullish(z.array(PickledFilter)),
  mode: z.nullish(Mode),
  metadata: z.optional(JsonValue),
  /** Predecessors of a node, where they are not simply what came before it. */
  edges: z.optional(z.record(z.string(), z.array(AnyId))),
  /** Record keys of a Parallel's arms, under the Parallel's path (child indexes joined by "."), where they are not the arms' own. */
  arm_keys: z.optional(z.record(z.string(), z.array(z.string()))),
  bindings: z.optional(z.array(Binding)),
  /** What it asks of its execution. Not part of its content, and never sent to a worker. */
  policy: z.optional(PlanPolicy),
};

/**
 * A plan with everything that a worker needs to run it. The first six fields are the inherited wire's;
 * missing ones mean no input, no filters and Forward. `metadata` is always written.
 */
export const SerializedPlan = struct(fields);
export type SerializedPlan = z.infer<typeof SerializedPlan>;

/** All of a plan that is the same whenever it is submitted: see plan-shape.ts. */
export const FixedPlan = object({
  plan: fields.plan,
  filters: fields.filters,
  mode: fields.mode,
  metadata: fields.metadata,
  edges: fields.edges,
  arm_keys: fields.arm_keys,
  bindings: fields.bindings,
});
export type FixedPlan = z.infer<typeof FixedPlan>;
