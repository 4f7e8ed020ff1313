import * as z from "zod";
import { DataRef } from "./data-ref.js";
import { AnyId } from "./ids.js";
import { ExecutionPlan } from "./plan.js";
import { JsonValue } from "./schema/json-value.js";
import { struct, tagged } from "./schema/struct.js";
import { Value } from "./value.js";

export const PlanInput = tagged("source", [
  z.object({ source: z.literal("Inline"), value: Value }),
  z.object({ source: z.literal("Reference"), data_ref: DataRef }),
]);
export type PlanInput = z.infer<typeof PlanInput>;

/** A Python filter by value: base64 of its cloudpickle bytes. */
export const PickledFilter = struct({
  node_id: AnyId,
  pickled_filter: z.string(),
  state: Value.nullish(),
  requirements: z.array(z.string()).nullish(),
  trainable: z.boolean().nullish(),
});
export type PickledFilter = z.infer<typeof PickledFilter>;

/** Names a filter that workers already have: `uses` is `name` or `name@version`. */
export const Binding = z.object({
  node_id: AnyId,
  uses: z.string().min(1),
  params: JsonValue.optional(),
  state: Value.nullish(),
});
export type Binding = z.infer<typeof Binding>;

export const Mode = z.union([
  z.literal("Forward"),
  z.object({ Fit: struct({ y: Value.nullish() }) }),
]);
export type Mode = z.infer<typeof Mode>;

/**
 * A plan with everything that a worker needs to run it. The first six fields are the inherited wire's;
 * missing ones mean no input, no filters and Forward. `metadata` is always written.
 */
export const SerializedPlan = struct({
  plan_id: AnyId,
  plan: ExecutionPlan,
  input: PlanInput.nullish(),
  filters: z.array(PickledFilter).nullish(),
  mode: Mode.nullish(),
  metadata: JsonValue.optional(),
  /** Predecessors of a node, where they are not simply what came before it. */
  edges: z.record(z.string(), z.array(AnyId)).optional(),
  /** Record keys of a Parallel's arms, under the Parallel's path (child indexes joined by "."), where they are not the arms' own. */
  arm_keys: z.record(z.string(), z.array(z.string())).optional(),
  bindings: z.array(Binding).optional(),
});
export type SerializedPlan = z.infer<typeof SerializedPlan>;
