import * as z from "zod/mini";
import { AnyId } from "./ids.js";
import { Count } from "./schema/numbers.js";
import { object } from "./schema/object.js";
import { externallyTagged, struct } from "./schema/struct.js";

const Key32 = z.array(z.int().check(z.gte(0), z.lte(255))).check(z.length(32));

export const RemoteTarget = z.union([
  object({ WorkerId: AnyId }),
  object({ Tag: z.string().check(z.minLength(1)) }),
]);
export type RemoteTarget = z.infer<typeof RemoteTarget>;

/** A plan's tree. Spelled out because TypeScript can't infer a type that holds itself. */
export type ExecutionPlan =
  | "Empty"
  | { Sequence: ExecutionPlan[] }
  | { Parallel: ExecutionPlan[] }
  | { Execute: { node_id: string } }
  | { Cached: { node_id: string; key: number[] } }
  | { Loop: { node_id: string; body: ExecutionPlan; max_iterations?: number | null | undefined } }
  | { Branch: { node_id: string; arms: [label: string, plan: ExecutionPlan][] } }
  | { Remote: { node_id: string; target: RemoteTarget; plan: ExecutionPlan } }
  | { Composite: { node_ids: string[] } }
  | { Stream: { node_ids: string[]; chunk_size: number } };

export const ExecutionPlan: z.ZodMiniType<ExecutionPlan> = externallyTagged(
  "plan variant",
  ["Empty"],
  () => ({
    Sequence: z.array(ExecutionPlan),
    Parallel: z.array(ExecutionPlan),
    Execute: struct({ node_id: AnyId }),
    Cached: struct({ node_id: AnyId, key: Key32 }),
    Loop: struct({ node_id: AnyId, body: ExecutionPlan, max_iterations: z.nullish(Count) }),
    Branch: struct({ node_id: AnyId, arms: z.array(z.tuple([z.string(), ExecutionPlan])) }),
    Remote: struct({ node_id: AnyId, target: RemoteTarget, plan: ExecutionPlan }),
    Composite: struct({ node_ids: z.array(AnyId) }),
    Stream: struct({ node_ids: z.array(AnyId), chunk_size: Count }),
  }),
);
