import type { ExecutionPlan, Issue } from "@planwire/protocol";
import { planAt, type Path } from "../tree.js";
import { cyclesIn } from "./cycles.js";
import type { Element } from "./element.js";
import type { ElementsById } from "./ids.js";
import { memberPath } from "./member-path.js";
import { repeatsIn } from "./repeats.js";

/** Enough to mend the edges by; each may be as long as the plan. */
const MOST_CYCLES = 5;
const MOST_NAMES = 10;

type Edges = Readonly<Record<string, readonly string[]>>;

/**
 * Edges may only say from where a node's input comes, not when it runs: that the tree says. So every predecessor must
 * be certain to have ended when its node is reached, in every run of the plan.
 */
export function edgeIssues(
  root: ExecutionPlan,
  edges: Edges,
  byId: ElementsById,
  most: number,
): Issue[] {
  const count = Object.values(edges).reduce((sum, ids) => sum + ids.length, 0);
  if (count > most) {
    return [{ path: "edges", message: `the plan has more than the ${most} predecessors allowed` }];
  }
  const cycles = cyclesIn(edges, MOST_CYCLES);
  const inCycle = new Set(cycles.flat());
  const issues = Object.entries(edges).flatMap(([id, predecessors]) => {
    const at = memberPath("edges", id);
    const node = byId.get(id);
    if (node === undefined) return [{ path: at, message: unknownId(id) }];
    return [
      ...repeatsIn(predecessors).map(({ name, index, first }) => ({
        path: `${at}[${index}]`,
        message: `"${name}" repeats, it stands first at ${at}[${first}]`,
      })),
      ...predecessors.flatMap((before, index): Issue[] => {
        if (inCycle.has(id) && inCycle.has(before)) return [];
        const path = `${at}[${index}]`;
        const predecessor = byId.get(before);
        if (predecessor === undefined) return [{ path, message: unknownId(before) }];
        const reason = whyUncertain(root, predecessor, node);
        return reason === undefined ? [] : [{ path, message: notBefore(before, id, reason) }];
      }),
    ];
  });
  return [...cycles.map(cycleIssue), ...issues];
}

/** Why `before` may not have ended when `node` is reached; undefined when it is certain to have. */
function whyUncertain(root: ExecutionPlan, before: Element, node: Element): string | undefined {
  const shared = sharedLength(before.path, node.path);
  if (shared === before.path.length) return "it is around it";
  if (shared === node.path.length) return "it is inside it";
  const fork = planAt(root, node.path.slice(0, shared));
  if (isVariant(fork, "Parallel") || isVariant(fork, "Branch")) return "it is in another arm";
  if ((before.path[shared] ?? 0) > (node.path[shared] ?? 0)) return "it comes later";
  for (let depth = shared + 1; depth < before.path.length; depth++) {
    if (isVariant(planAt(root, before.path.slice(0, depth)), "Branch")) {
      return "it is in a Branch's arm, which may not be taken";
    }
  }
  return undefined;
}

function isVariant(plan: ExecutionPlan | undefined, variant: "Parallel" | "Branch"): boolean {
  return plan !== undefined && plan !== "Empty" && variant in plan;
}

function sharedLength(a: Path, b: Path): number {
  const differs = a.findIndex((index, depth) => index !== b[depth]);
  return differs === -1 ? a.length : differs;
}

function cycleIssue(cycle: readonly string[]): Issue {
  const names = cycle.slice(0, MOST_NAMES).map((id) => `"${id}"`);
  if (cycle.length > MOST_NAMES) names.push(`${cycle.length - MOST_NAMES} more`);
  names.push(`"${cycle[0]}"`);
  return {
    path: memberPath("edges", cycle[0] ?? ""),
    message: `edges make a cycle: ${names.join(" waits for ")}`,
  };
}

function notBefore(before: string, id: string, reason: string): string {
  return `"${before}" is not certain to have ended before "${id}": ${reason}`;
}

function unknownId(id: string): string {
  return `no node "${id}" in this plan`;
}
