import type { ExecutionPlan, SerializedPlan } from "@planwire/protocol";
import { byShape } from "../by-shape.js";
import { innerTarget, stepTargetsOf, type Target } from "../target.js";
import { childrenOf, nodeIdsOf, type Path } from "../tree.js";

const NONE: ReadonlySet<string> = new Set();

/** How a plan is handed out: as one part, by subtrees (a stepper's `atomic`), or leaf by leaf. */
export type Cut = { kind: "whole" } | { kind: "subtrees"; paths: Path[] } | { kind: "leaves" };

/**
 * How a checked plan is cut into parts. A worker of ours runs the largest subtree whose steps all have the same target;
 * where edges may cross such subtrees, it gets single leaves, in a Fit single nodes: what is fitted there is forwarded there, and only who has
 * the filters needs to know which of them are trainable. To an inherited peer a tree means something else,
 * so it gets single leaves, but for a Forward row of Executes. Nodes `apart`, which such peers may take, are leaves of a plan that is for both.
 */
export function cutFor(
  plan: SerializedPlan,
  { inherited, apart = NONE }: { inherited: boolean; apart?: ReadonlySet<string> },
): Cut {
  if (inherited) {
    return isForward(plan) && !hasEdges(plan) && isRowOfExecutes(plan.plan)
      ? { kind: "whole" }
      : { kind: "leaves" };
  }
  return apart.size === 0 ? cutForOurs(plan) : cutBesideOthers(plan, apart);
}

const cutForOurs = byShape((plan) => cutBesideOthers(plan, NONE));

function cutBesideOthers(plan: SerializedPlan, apart: ReadonlySet<string>): Cut {
  if (hasOneTarget(plan.plan, undefined) && apart.size === 0) return { kind: "whole" };
  if (hasEdges(plan) && !isFitOfBound(plan)) return { kind: "leaves" };
  const paths = hasEdges(plan) ? executePaths(plan.plan) : largestSubtrees(plan.plan, apart);
  return paths.length > 0 ? { kind: "subtrees", paths } : { kind: "leaves" };
}

function hasEdges({ edges }: SerializedPlan): boolean {
  return Object.keys(edges ?? {}).length > 0;
}

function isForward({ mode }: SerializedPlan): boolean {
  return mode == null || mode === "Forward";
}

/** Workers of ours have all that is bound; what is not may be for peers of the inherited wire, which get a fit and a forward each by itself. */
function isFitOfBound(plan: SerializedPlan): boolean {
  if (isForward(plan)) return false;
  const bound = new Set((plan.bindings ?? []).map(({ node_id }) => node_id));
  return nodeIdsOf(plan.plan).every((id) => bound.has(id));
}

function executePaths(root: ExecutionPlan): Path[] {
  const found: Path[] = [];
  const waiting: { plan: ExecutionPlan; path: Path }[] = [{ plan: root, path: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { plan, path } = next;
    if (plan !== "Empty" && "Execute" in plan) found.push(path);
    const children = childrenOf(plan).map((child, index) => ({
      plan: child,
      path: [...path, index],
    }));
    for (const child of children.toReversed()) waiting.push(child);
  }
  return found;
}

function isRowOfExecutes(plan: ExecutionPlan): boolean {
  if (plan === "Empty") return false;
  if ("Execute" in plan) return true;
  if (!("Sequence" in plan) || plan.Sequence.length === 0) return false;
  return plan.Sequence.every((step) => step !== "Empty" && "Execute" in step);
}

/** Subtrees without a step belong to none: the stepper passes through them. A Branch's condition may stay a leaf. */
function largestSubtrees(root: ExecutionPlan, apart: ReadonlySet<string>): Path[] {
  const found: Path[] = [];
  const waiting: { plan: ExecutionPlan; path: Path; target: Target }[] = [
    { plan: root, path: [], target: undefined },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { plan, path, target } = next;
    const steps = stepTargetsOf(plan, target).length;
    if (steps === 0) continue;
    if (steps === 1 && isForOurs(plan, apart)) {
      found.push(path);
      continue;
    }
    const children = childrenOf(plan).map((child, index) => ({
      plan: child,
      path: [...path, index],
      target: innerTarget(plan, target),
    }));
    for (const child of children.toReversed()) waiting.push(child);
  }
  return found;
}

/** In a plan that is for others, too, only what runs a filter, and none of theirs. */
function isForOurs(plan: ExecutionPlan, apart: ReadonlySet<string>): boolean {
  if (apart.size === 0) return true;
  const nodeIds = nodeIdsOf(plan);
  return nodeIds.length > 0 && !nodeIds.some((id) => apart.has(id));
}

function hasOneTarget(plan: ExecutionPlan, around: Target): boolean {
  return stepTargetsOf(plan, around).length <= 1;
}
