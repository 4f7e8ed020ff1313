import { LIMITS, PlanwireError, type Issue, type SerializedPlan } from "@planwire/protocol";
import { byShape } from "./by-shape.js";
import { armKeyIssues } from "./check/arm-keys.js";
import { bindingIssues } from "./check/bindings.js";
import { edgeIssues } from "./check/edges.js";
import { longestLeafKey, readElements } from "./check/element.js";
import { elementsById, idIssues } from "./check/ids.js";
import { shapeIssues } from "./check/shape.js";
import { partIdIssue } from "./cut/part-id.js";

export interface PlanLimits {
  /** Levels of nesting. */
  readonly planDepth: number;
  readonly planNodes: number;
  /** Predecessors named by all edges together. */
  readonly planEdges: number;
  readonly partIdBytes: number;
}

/** More than anyone reads; what lies beyond is counted. */
const MOST_ISSUES = 100;

/** What is wrong with a plan, and where; nothing when it may run. A plan that is too deep or large is read no further. */
export function checkPlan(plan: SerializedPlan, limits: PlanLimits = LIMITS): Issue[] {
  const { unreadable, issues, longestKey } =
    limits === LIMITS ? checkShapeOnce(plan) : checkShape(plan, limits);
  return capped(
    unreadable ? [...issues] : [...planIdIssues(plan.plan_id, longestKey, limits), ...issues],
  );
}

function planIdIssues(planId: string, longestKey: string, limits: PlanLimits): Issue[] {
  const partId = partIdIssue(planId, longestKey, limits.partIdBytes);
  return [
    ...(planId === "__proto__" ? [{ path: "plan_id", message: `"__proto__" can't be an id` }] : []),
    ...(partId === undefined ? [] : [partId]),
  ];
}

/** What can be said of a plan without its id, and so of all that have its shape. */
interface CheckedShape {
  /** It is too deep or too large: only that is told. */
  readonly unreadable: boolean;
  readonly issues: readonly Issue[];
  /** The longest key that a leaf of it can have. */
  readonly longestKey: string;
}

const checkShapeOnce = byShape((plan) => checkShape(plan, LIMITS));

function checkShape(plan: SerializedPlan, limits: PlanLimits): CheckedShape {
  const { elements, issues } = readElements(plan.plan, limits);
  if (issues.length > 0) return { unreadable: true, issues, longestKey: "" };
  const byId = elementsById(elements);
  return {
    unreadable: false,
    issues: [
      ...elements.flatMap(shapeIssues),
      ...idIssues(elements, byId),
      ...edgeIssues(plan.plan, plan.edges ?? {}, byId, limits.planEdges),
      ...armKeyIssues(elements, plan.arm_keys ?? {}),
      ...bindingIssues(plan, byId),
    ],
    longestKey: longestLeafKey(elements),
  };
}

/** Throws PLAN_REFUSED with all issues when the plan may not run. */
export function assertPlan(plan: SerializedPlan, limits: PlanLimits = LIMITS): void {
  const issues = checkPlan(plan, limits);
  const [first, ...others] = issues;
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  throw new PlanwireError("PLAN_REFUSED", `${first.path}: ${first.message}${more}`, {
    details: { issues },
  });
}

function capped(issues: Issue[]): Issue[] {
  if (issues.length <= MOST_ISSUES) return issues;
  const left = issues.length - MOST_ISSUES;
  return [
    ...issues.slice(0, MOST_ISSUES),
    { path: "plan", message: `${left} more issues are left out` },
  ];
}
