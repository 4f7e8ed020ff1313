import {
  shapePlan,
  type ExecutionPlan,
  type FixedPlan,
  type PlanPolicy,
  type PlanResult,
  type SerializedPlan,
} from "@planwire/protocol";
import type { Chance } from "./chance.js";
import { execute, planOf, success } from "./coordinator-driver.js";

/** A plan of one of the shapes that differ for a coordinator: whole or cut, bound or pickled, with or without a policy of its own. */
export function somePlan(chance: Chance, id: string): SerializedPlan {
  const plan = someShape(chance, id);
  return chance(2) === 0 ? { ...plan, policy: somePolicy(chance) } : plan;
}

/** The plan with the shape of earlier ones that were the same, as the codec gives plans that come folded. */
export function withSharedShape(shapes: Map<string, FixedPlan>, plan: SerializedPlan) {
  const { plan_id, input, policy, ...fixed } = plan;
  const text = JSON.stringify(fixed);
  const shared = shapes.get(text) ?? fixed;
  if (shared === fixed) {
    shapePlan(fixed);
    shapes.set(text, fixed);
  }
  return { plan_id, input, ...shared, ...(policy && { policy }) };
}

function someShape(chance: Chance, id: string): SerializedPlan {
  const at = (node_id: string, worker: string): ExecutionPlan => ({
    Remote: { node_id: `${node_id}-there`, target: { WorkerId: worker }, plan: execute(node_id) },
  });
  const bindings = ["f", "g"].map((node_id) => ({ node_id, uses: node_id }));
  const filters = ["x", "y"].map((node_id) => ({ node_id, pickled_filter: "gA==" }));
  switch (chance(6)) {
    case 0:
      return planOf(id, { plan: { Parallel: [at("f", "a"), at("g", "b")] }, bindings });
    case 1:
      return planOf(id, { plan: { Sequence: [at("f", "c"), at("g", "a")] }, bindings });
    case 2:
      return planOf(id, { plan: { Parallel: ["x", "y"].map(execute) }, bindings: [], filters });
    case 3:
      return planOf(id, {
        plan: { Parallel: ["f", "x"].map(execute) },
        bindings: bindings.slice(0, 1),
        filters: filters.slice(0, 1),
      });
    default:
      return planOf(id);
  }
}

function somePolicy(chance: Chance): PlanPolicy {
  return {
    ...(chance(2) === 0 && { max_attempts: 1 + chance(6) }),
    ...(chance(2) === 0 && { backoff_ms: chance(5_000) }),
    ...(chance(3) === 0 && { backoff_max_ms: chance(20_000) }),
    ...(chance(3) === 0 && { timeout_ms: 1 + chance(60_000) }),
    ...(chance(3) === 0 && { retry_codes: ["FILTER_ERROR"] }),
    ...(chance(4) === 0 && { durability: "memory" }),
  };
}

/** Mostly a success; now and then a failure, of each kind that means something else for a next try. */
export function someResult(chance: Chance): PlanResult {
  const failed = { status: "Failed", error: "no", duration_ms: 1 } as const;
  switch (chance(12)) {
    case 0:
      return { ...failed, code: "FILTER_ERROR" };
    case 1:
      return { ...failed, code: "FILTER_ERROR", retryable: true };
    case 2:
      return { ...failed, code: "WORKER_CRASH", retryable: true };
    default:
      return success({ type: "Json", data: chance(10) });
  }
}
