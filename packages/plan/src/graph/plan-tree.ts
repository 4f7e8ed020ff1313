import { LIMITS, type ExecutionPlan, type SerializedPlan } from "@planwire/protocol";
import { armKeyOf, childrenOf, filterIdOf, ownIdOf, type Path } from "../tree.js";
import { describeElement, describeFilter, nameOf, printable } from "./describe-element.js";

/** A plan as a tree for the terminal, one element a line, its name on the first. No line break at the end. */
export function planTree(plan: SerializedPlan): string {
  const lines = [printable(nameOf(plan))];
  draw(plan, { element: plan.plan, path: [], label: "", indent: "", isLast: true }, lines);
  return lines.join("\n");
}

interface Twig {
  element: ExecutionPlan;
  path: Path;
  /** What its parent calls it: an arm's key or label. */
  label: string;
  indent: string;
  isLast: boolean;
}

function draw(plan: SerializedPlan, twig: Twig, lines: string[]): void {
  const { element, path, indent, isLast } = twig;
  lines.push(`${indent}${isLast ? "└─ " : "├─ "}${printable(lineOf(plan, twig))}`);
  const children = childrenOf(element);
  const below = `${indent}${isLast ? "   " : "│  "}`;
  if (children.length > 0 && path.length >= LIMITS.planDepth) {
    lines.push(`${below}└─ …`);
    return;
  }
  const labels = armLabels(plan, element, path);
  for (const [index, child] of children.entries()) {
    const last = index === children.length - 1;
    const label = labels[index] ?? "";
    draw(
      plan,
      { element: child, path: [...path, index], label, indent: below, isLast: last },
      lines,
    );
  }
}

function lineOf(plan: SerializedPlan, { element, label }: Twig): string {
  const what = describeElement(element);
  const prefix = label === "" || label === what ? "" : `${label}: `;
  const filterId = filterIdOf(element);
  const filter = filterId === undefined ? "" : describeFilter(plan, filterId);
  return `${prefix}${what}${filter}${edgesOf(plan, ownIdOf(element))}`;
}

function armLabels(plan: SerializedPlan, element: ExecutionPlan, path: Path): readonly string[] {
  if (element === "Empty") return [];
  if ("Branch" in element) return element.Branch.arms.map(([label]) => JSON.stringify(label));
  if (!("Parallel" in element)) return [];
  return plan.arm_keys?.[path.join(".")] ?? element.Parallel.map(armKeyOf);
}

function edgesOf({ edges }: SerializedPlan, id: string | undefined): string {
  if (edges === undefined || id === undefined || !Object.hasOwn(edges, id)) return "";
  const predecessors = edges[id] ?? [];
  return ` ← ${predecessors.length === 0 ? "the plan's input" : predecessors.join(", ")}`;
}
