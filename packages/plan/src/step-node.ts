// A plan as it is built: a tree of plain, immutable data that every step carries under its brand.
import { isName, PlanwireError } from "@planwire/protocol";
import type { FilterDefinition } from "./filter-definition.js";
import { describe } from "./describe.js";

export interface FilterNode {
  readonly kind: "filter";
  readonly id: string;
  /** The filter that runs here. */
  readonly name: string;
  /** Absent where only the filter's name is known (`filtersOf`). */
  readonly definition?: FilterDefinition;
  readonly params?: unknown;
  readonly state?: { readonly value: unknown };
}

export type StepNode =
  | FilterNode
  | { readonly kind: "sequence"; readonly steps: readonly StepNode[] }
  | ParallelNode
  | BranchNode
  | LoopNode
  | RemoteNode;

export interface ParallelNode {
  readonly kind: "parallel";
  readonly arms: readonly ParallelArm[];
  /** What an enclosing Parallel calls this arm; a Parallel has no node id. */
  readonly label?: string;
}
export interface ParallelArm {
  /** The key in the Record, where it was given. */
  readonly key?: string;
  readonly step: StepNode;
}
export interface BranchNode {
  readonly kind: "branch";
  readonly on: FilterNode;
  readonly arms: readonly (readonly [label: string, step: StepNode])[];
}
export interface LoopNode {
  readonly kind: "loop";
  readonly id: string;
  readonly body: StepNode;
  readonly max?: number;
}
export interface RemoteNode {
  readonly kind: "remote";
  readonly target: { readonly WorkerId: string } | { readonly Tag: string };
  readonly step: StepNode;
}

export const STEP_BRAND = Symbol.for("planwire.step");

interface Branded {
  readonly [STEP_BRAND]: StepNode;
  readonly planName?: string;
}

function isBranded(value: unknown): value is Branded {
  return typeof value === "object" && value !== null && STEP_BRAND in value;
}

export function isStep(value: unknown): boolean {
  return isBranded(value);
}

/** The tree behind a filter or a plan. Throws BAD_USAGE for anything else; `where` says who asked. */
export function nodeOf(value: unknown, where: string): StepNode {
  if (isBranded(value)) return value[STEP_BRAND];
  throw new PlanwireError(
    "BAD_USAGE",
    `${where} expects a filter or a plan, not ${describe(value)}`,
    {
      hint:
        typeof value === "function"
          ? "wrap the function: defineFilter(name, fn)"
          : "make filters with defineFilter(name, fn) and plans with plan(name).pipe(filter)",
    },
  );
}

/** The name that `plan(name)` gave; undefined for a bare filter, branch, loop, ... */
export function planNameOf(value: unknown): string | undefined {
  return isBranded(value) ? value.planName : undefined;
}

export function checkName(text: unknown, what: string): string {
  if (typeof text === "string" && isName(text)) return text;
  throw new PlanwireError(
    "BAD_USAGE",
    `${what} must be 1 to 128 of letters, digits, "_", ".", ":" and "-", beginning with a letter, digit or "_"; got ${describe(text)}`,
  );
}

/** Puts `next` behind `first`; sequences inside sequences are laid flat. */
export function inSequence(first: StepNode, next: StepNode): StepNode {
  return { kind: "sequence", steps: [...stepsOf(first), ...stepsOf(next)] };
}

function stepsOf(node: StepNode): readonly StepNode[] {
  return node.kind === "sequence" ? node.steps : [node];
}

/** Renames the last node. A Parallel, which has no id, only gets a label. */
export function renameLast(node: StepNode, id: string): StepNode {
  switch (node.kind) {
    case "filter":
    case "loop":
      return { ...node, id };
    case "branch":
      return { ...node, on: { ...node.on, id } };
    case "parallel":
      return { ...node, label: id };
    case "remote":
      return { ...node, step: renameLast(node.step, id) };
    case "sequence":
      return {
        ...node,
        steps: node.steps.map((step, i) =>
          i === node.steps.length - 1 ? renameLast(step, id) : step,
        ),
      };
  }
}

/** The id of the last node, or the label of a Parallel that has one. */
export function keyOf(node: StepNode): string | undefined {
  switch (node.kind) {
    case "filter":
    case "loop":
      return node.id;
    case "branch":
      return node.on.id;
    case "parallel":
      return node.label;
    case "remote":
      return keyOf(node.step);
    case "sequence": {
      const last = node.steps.at(-1);
      return last && keyOf(last);
    }
  }
}

/** The filter node that carries a step's key, where one does. */
export function lastFilter(node: StepNode): FilterNode | undefined {
  switch (node.kind) {
    case "filter":
      return node;
    case "branch":
      return node.on;
    case "remote":
      return lastFilter(node.step);
    case "sequence": {
      const last = node.steps.at(-1);
      return last && lastFilter(last);
    }
    case "loop":
    case "parallel":
      return undefined;
  }
}

/** The same tree with each filter node replaced by what `change` makes of it. */
export function mapFilters(node: StepNode, change: (filter: FilterNode) => FilterNode): StepNode {
  const inside = (step: StepNode) => mapFilters(step, change);
  switch (node.kind) {
    case "filter":
      return change(node);
    case "sequence":
      return { ...node, steps: node.steps.map(inside) };
    case "parallel":
      return { ...node, arms: node.arms.map((arm) => ({ ...arm, step: inside(arm.step) })) };
    case "branch":
      return {
        ...node,
        on: change(node.on),
        arms: node.arms.map(([label, step]) => [label, inside(step)] as const),
      };
    case "loop":
      return { ...node, body: inside(node.body) };
    case "remote":
      return { ...node, step: inside(node.step) };
  }
}

/** Visits every filter node in order; `inBranchArm` is true below any Branch's arm. */
export function visitFilters(
  node: StepNode,
  visit: (filter: FilterNode, inBranchArm: boolean) => void,
  inBranchArm = false,
): void {
  switch (node.kind) {
    case "filter":
      return visit(node, inBranchArm);
    case "sequence":
      return node.steps.forEach((step) => visitFilters(step, visit, inBranchArm));
    case "parallel":
      return node.arms.forEach((arm) => visitFilters(arm.step, visit, inBranchArm));
    case "branch":
      visit(node.on, inBranchArm);
      return node.arms.forEach(([, step]) => visitFilters(step, visit, true));
    case "loop":
      return visitFilters(node.body, visit, inBranchArm);
    case "remote":
      return visitFilters(node.step, visit, inBranchArm);
  }
}
