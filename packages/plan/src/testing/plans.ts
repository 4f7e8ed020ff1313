import type { ExecutionPlan } from "@planwire/protocol";

/** Short spellings of plans, for tests alone. */
export const run = (id: string): ExecutionPlan => ({ Execute: { node_id: id } });
export const seq = (...steps: ExecutionPlan[]): ExecutionPlan => ({ Sequence: steps });
export const par = (...arms: ExecutionPlan[]): ExecutionPlan => ({ Parallel: arms });
export const loop = (id: string, body: ExecutionPlan, most?: number): ExecutionPlan => ({
  Loop: { node_id: id, body, max_iterations: most },
});
export const branch = (id: string, arms: Record<string, ExecutionPlan>): ExecutionPlan => ({
  Branch: { node_id: id, arms: Object.entries(arms) },
});
export const remote = (id: string, tag: string, plan: ExecutionPlan): ExecutionPlan => ({
  Remote: { node_id: id, target: { Tag: tag }, plan },
});
export const cached = (id: string): ExecutionPlan => ({
  Cached: { node_id: id, key: Array<number>(32).fill(7) },
});
export const composite = (...ids: string[]): ExecutionPlan => ({ Composite: { node_ids: ids } });
export const stream = (...ids: string[]): ExecutionPlan => ({
  Stream: { node_ids: ids, chunk_size: 10 },
});
