import { findNonJson, isPlainJson, LIMITS, shapePlan, type FixedPlan } from "@planwire/protocol";
import { visitFilters, type StepNode } from "./step-node.js";

/** A step that was written before: once, or often and always the same, or not: what has changed will change again. */
type Written = "once" | "whole" | Kept;

interface Kept {
  /** Params and states: the caller's own objects, which may change between two submissions. */
  readonly settings: readonly unknown[];
  /** What they were when it was written. */
  readonly text: string;
  readonly fixed: FixedPlan;
}

const steps = new WeakMap<object, Written>();

/**
 * What `write` gives for this step. What is submitted a second time will be a third, so then it is kept and gets a shape to travel by
 * (`shapePlan`): a copy that is frozen, and given again as long as params and states are what they were. The first one's is its own.
 */
export function writeStep(step: object, root: StepNode, write: () => FixedPlan): FixedPlan {
  const before = steps.get(step);
  if (typeof before === "object" && textOf(before.settings) === before.text) return before.fixed;
  const fixed = write();
  const now = before === undefined ? "once" : before === "once" ? keep(root, fixed) : "whole";
  steps.set(step, now);
  return typeof now === "object" ? now.fixed : fixed;
}

function keep(root: StepNode, written: FixedPlan): Kept | "whole" {
  const settings: unknown[] = [];
  visitFilters(root, ({ params, state }) => {
    if (params !== undefined) settings.push(params);
    if (state) settings.push(state.value);
  });
  const text = textOf(settings);
  if (text === undefined || !isPlainJson(written)) return "whole";
  const fixed = JSON.parse(JSON.stringify(written)) as FixedPlan;
  shapePlan(fixed);
  return { settings, text, fixed };
}

/** Says all of them, or is undefined: two that differ in what is written of them have two texts. */
function textOf(settings: readonly unknown[]): string | undefined {
  if (settings.length === 0) return "";
  if (findNonJson(settings) || !isPlainJson(settings)) return undefined;
  const text = JSON.stringify(settings);
  return text.length <= LIMITS.shapeLength ? text : undefined;
}
