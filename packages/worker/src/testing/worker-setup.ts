import { definitionOf, type FilterDefinition } from "@planwire/plan";
import type { ExecutionPlan, JsonValue, SerializedPlan, Value } from "@planwire/protocol";

/** The URL of a module under testing/filters. */
export function filterModule(name: string): URL {
  return new URL(`./filters/${name}`, import.meta.url);
}

export function definitionIn(filter: unknown): FilterDefinition {
  const found = definitionOf(filter);
  if (found === undefined) throw new Error("this is no filter");
  return found;
}

export function json(data: JsonValue): Value {
  return { type: "Json", data };
}

export function text(data: string): Value {
  return { type: "Text", data };
}

export function executePlan(nodeId: string, input: Value, id = "p1"): SerializedPlan {
  return planOf({ Execute: { node_id: nodeId } }, input, id);
}

export function planOf(plan: ExecutionPlan, input: Value, id = "p1"): SerializedPlan {
  return { plan_id: id, plan, input: { source: "Inline", value: input }, metadata: {} };
}
