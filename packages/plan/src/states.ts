import { PlanwireError } from "@planwire/protocol";
import { describe } from "./describe.js";
import { mapFilters, nodeOf, visitFilters, type StepNode } from "./step-node.js";

/**
 * Gives each node the state that stands under its id. Ids that the plan does not have are left alone, so that the states of a
 * larger plan serve a smaller one; Stateless filters take none.
 */
export function bindStates(node: StepNode, states: unknown): StepNode {
  if (typeof states !== "object" || states === null) {
    throw new PlanwireError(
      "BAD_USAGE",
      `withStates(states) expects { nodeId: state }, not ${describe(states)}`,
      { hint: "pass the `states` of what fit returned" },
    );
  }
  return mapFilters(node, (filter) => {
    if (filter.definition?.kind === "Stateless" || !Object.hasOwn(states, filter.id)) return filter;
    return { ...filter, state: { value: (states as Record<string, unknown>)[filter.id] } };
  });
}

/**
 * Ids of the Trainable nodes that would run without a state. Arms of a Branch don't count, only the one that is taken needs
 * its states; neither do filters of which only the name is known (`filtersOf`): the coordinator checks those.
 */
export function missingStates(step: unknown): string[] {
  const missing: string[] = [];
  visitFilters(nodeOf(step, "missingStates()"), (filter, inBranchArm) => {
    if (inBranchArm || filter.state || filter.definition?.kind !== "Trainable") return;
    missing.push(filter.id);
  });
  return missing;
}

/** Throws STATE_MISSING, naming the nodes, when a step can't run forward yet. */
export function requireStates(step: unknown): void {
  const nodeIds = missingStates(step);
  if (nodeIds.length === 0) return;
  throw new PlanwireError(
    "STATE_MISSING",
    `the plan is not fitted: no state for ${nodeIds.join(", ")}`,
    {
      details: { nodeIds },
      hint: "fit it first, then plan.withStates((await run.result()).states)",
    },
  );
}
