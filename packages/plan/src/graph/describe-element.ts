import {
  LIMITS,
  type ExecutionPlan,
  type RemoteTarget,
  type SerializedPlan,
} from "@planwire/protocol";
import { membersOf } from "../tree.js";

/** An element in a few words, for pictures: `Loop refine, at most 25 passes`. */
export function describeElement(plan: ExecutionPlan): string {
  if (plan === "Empty") return "Empty";
  if ("Execute" in plan) return plan.Execute.node_id;
  if ("Cached" in plan) return `${plan.Cached.node_id} (cached)`;
  if ("Sequence" in plan) return "Sequence";
  if ("Parallel" in plan) return "Parallel";
  if ("Branch" in plan) return `Branch on ${plan.Branch.node_id}`;
  if ("Loop" in plan) {
    const most = plan.Loop.max_iterations ?? LIMITS.loopIterations;
    return `Loop ${plan.Loop.node_id}, at most ${most} ${most === 1 ? "pass" : "passes"}`;
  }
  if ("Remote" in plan)
    return `Remote ${plan.Remote.node_id} on ${describeTarget(plan.Remote.target)}`;
  return membersOf(plan).length === 0 ? "Empty" : "Composite" in plan ? "Composite" : "Stream";
}

function describeTarget(target: RemoteTarget): string {
  return "WorkerId" in target ? `worker ${target.WorkerId}` : `tag ${target.Tag}`;
}

/** What runs at a node, where its id doesn't say it: `(uses clean@2)`. */
export function describeFilter(plan: SerializedPlan, nodeId: string): string {
  const binding = plan.bindings?.find(({ node_id }) => node_id === nodeId);
  if (binding !== undefined) return binding.uses === nodeId ? "" : ` (uses ${binding.uses})`;
  const isPickled = plan.filters?.some(({ node_id }) => node_id === nodeId) ?? false;
  return isPickled ? " (pickled)" : "";
}

export function nameOf({ metadata, plan_id }: SerializedPlan): string {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return plan_id;
  const name = Object.hasOwn(metadata, "name") ? metadata["name"] : undefined;
  return typeof name === "string" && name !== "" ? name : plan_id;
}

/** Ids and labels of peers may hold anything: what a terminal would obey is spelled out. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
