import { LIMITS, type ExecutionPlan, type Issue } from "@planwire/protocol";
import { childrenOf, isStep, ownIdOf, VARIANTS, type Path, type Variant } from "../tree.js";

/** One element of a plan, and where it stands. */
export interface Element {
  readonly plan: ExecutionPlan;
  readonly path: Path;
  /** For people: `plan.Sequence[1].Branch.arms[0][1]`. */
  readonly at: string;
  /** Where its id stands; undefined without one. */
  readonly idAt: string | undefined;
  /** The longest pass numbers that a leaf's key can have here, e.g. "99.24". */
  readonly passes: string;
}

export interface ElementLimits {
  readonly planDepth: number;
  readonly planNodes: number;
}

export interface Elements {
  /** In the order of reading. Not all of them when `issues` says that the plan is too deep or too large. */
  readonly elements: readonly Element[];
  readonly issues: readonly Issue[];
}

/**
 * Reads a plan's elements, iteratively, and no further than the limits allow. What counts as a node is every
 * element but a Sequence or Parallel that holds others; every level of nesting counts, a Composite's members too.
 */
export function readElements(root: ExecutionPlan, limits: ElementLimits): Elements {
  const elements: Element[] = [];
  const issues: Issue[] = [];
  const waiting: Element[] = [placed(root, [], "plan", "")];
  let nodes = 0;
  for (let element = waiting.pop(); element !== undefined; element = waiting.pop()) {
    const { plan, path, at } = element;
    const variant = variantOf(plan);
    if (variant === undefined) {
      issues.push({ path: at, message: unknownVariant(plan) });
      continue;
    }
    if (path.length >= limits.planDepth) {
      return { elements, issues: [{ path: at, message: tooDeep(limits) }] };
    }
    const children = childrenOf(plan);
    if (children.length === 0 || ownIdOf(plan) !== undefined) nodes++;
    if (Math.max(nodes, children.length) > limits.planNodes) {
      return { elements, issues: [{ path: at, message: tooLarge(limits) }] };
    }
    elements.push(element);
    for (let index = children.length - 1; index >= 0; index--) {
      waiting.push(childOf(element, variant, children[index] as ExecutionPlan, index));
    }
  }
  return { elements, issues };
}

/** The longest key that a leaf of these can have. */
export function longestLeafKey(elements: readonly Element[]): string {
  let longest = "";
  for (const { plan, path, passes } of elements) {
    if (!isStep(plan)) continue;
    const key = `${path.join(".")}#${passes}:forward`;
    if (key.length > longest.length) longest = key;
  }
  return longest;
}

function childOf(
  { plan, path, at, passes }: Element,
  variant: Variant,
  child: ExecutionPlan,
  index: number,
): Element {
  const place = [...path, index];
  switch (variant) {
    case "Branch":
      return placed(child, place, `${at}.Branch.arms[${index}][1]`, passes);
    case "Loop":
      return placed(child, place, `${at}.Loop.body`, withLastPass(passes, plan));
    case "Remote":
      return placed(child, place, `${at}.Remote.plan`, passes);
    case "Composite":
    case "Stream": {
      const member = `${at}.${variant}.node_ids[${index}]`;
      return { plan: child, path: place, at: member, idAt: member, passes };
    }
    default:
      return placed(child, place, `${at}.${variant}[${index}]`, passes);
  }
}

function placed(plan: ExecutionPlan, path: Path, at: string, passes: string): Element {
  const variant = variantOf(plan);
  const hasId = variant !== undefined && ownIdOf(plan) !== undefined;
  return { plan, path, at, idAt: hasId ? `${at}.${variant}.node_id` : undefined, passes };
}

function withLastPass(passes: string, plan: ExecutionPlan): string {
  const most = plan !== "Empty" && "Loop" in plan ? plan.Loop.max_iterations : undefined;
  const last = String((most ?? LIMITS.loopIterations) - 1);
  return passes === "" ? last : `${passes}.${last}`;
}

/** Plans that code made by hand may hold anything; the schema refuses such on the wire. */
function variantOf(plan: unknown): Variant | undefined {
  if (plan === "Empty") return plan;
  if (typeof plan !== "object" || plan === null) return undefined;
  const [name, ...others] = Object.keys(plan);
  if (others.length > 0) return undefined;
  return VARIANTS.find((variant) => variant === name && variant !== "Empty");
}

function unknownVariant(plan: unknown): string {
  const found =
    typeof plan === "object" && plan !== null ? Object.keys(plan).join(", ") : String(plan);
  return `unknown plan variant "${found.slice(0, 80)}", expected one of ${VARIANTS.join(", ")}`;
}

function tooDeep({ planDepth }: ElementLimits): string {
  return `the plan is nested deeper than the ${planDepth} levels allowed`;
}

function tooLarge({ planNodes }: ElementLimits): string {
  return `the plan has more than the ${planNodes} nodes allowed`;
}
