import type { ExecutionPlan, RemoteTarget } from "@planwire/protocol";
import { childrenOf, elementsOf, isStep } from "./tree.js";

/** Where a step must run: what the innermost Remote around it says, anywhere without one. */
export type Target = RemoteTarget | undefined;

/** The distinct targets of a plan's Remotes, in the order of reading. */
export function targetsOf(plan: ExecutionPlan): RemoteTarget[] {
  const found: RemoteTarget[] = [];
  for (const element of elementsOf(plan)) {
    if (element === "Empty" || !("Remote" in element)) continue;
    const { target } = element.Remote;
    if (!found.some((known) => sameTarget(known, target))) found.push(target);
  }
  return found;
}

/** The distinct targets of a plan's steps, a step outside every Remote having `around`. Empty without a step. */
export function stepTargetsOf(plan: ExecutionPlan, around: Target): Target[] {
  const found: Target[] = [];
  const waiting: [ExecutionPlan, Target][] = [[plan, around]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [element, outer] = next;
    if (isStep(element) && !found.some((known) => sameTarget(known, outer))) found.push(outer);
    const target = innerTarget(element, outer);
    for (const child of childrenOf(element).toReversed()) waiting.push([child, target]);
  }
  return found;
}

/** The target of an element's children. */
export function innerTarget(plan: ExecutionPlan, outer: Target): Target {
  return plan !== "Empty" && "Remote" in plan ? plan.Remote.target : outer;
}

export function sameTarget(a: Target, b: Target): boolean {
  if (a === undefined || b === undefined) return a === b;
  if ("WorkerId" in a) return "WorkerId" in b && a.WorkerId === b.WorkerId;
  return "Tag" in b && a.Tag === b.Tag;
}
