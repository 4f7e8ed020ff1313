import { isPlainJson } from "./codec/json-writer.js";
import { LIMITS } from "./limits.js";
import type { FixedPlan, SerializedPlan } from "./serialized-plan.js";

/**
 * What stays the same from one submission of a plan to the next: all but its id, its input and its policy. Between peers with "shapes" it travels
 * as one string, which is its own key: who has read it before neither parses nor checks it again, and all plans of a shape share one tree.
 */
export interface PlanShape {
  /** The JSON text as which it travels: at most LIMITS.shapeLength characters. */
  readonly text: string;
  /** Frozen at every depth, for many plans have it. */
  readonly fixed: FixedPlan;
}

/** By their trees: each shape has one of its own. */
const byTree = new WeakMap<object, PlanShape>();

/** By text: those that were read lately. A peer says what stands here, so it is bounded by number and by characters. */
const remembered = new Map<string, FixedPlan>();
let rememberedLength = 0;

/** The shape that this plan has unchanged, but for its metadata. */
export function shapeOf(plan: SerializedPlan): PlanShape | undefined {
  if (typeof plan.plan === "string") return undefined;
  const shape = byTree.get(plan.plan);
  return shape && isUnchanged(plan, shape.fixed) ? shape : undefined;
}

function isUnchanged(plan: SerializedPlan, fixed: FixedPlan): boolean {
  return (
    plan.bindings === fixed.bindings &&
    plan.filters === fixed.filters &&
    plan.mode === fixed.mode &&
    plan.edges === fixed.edges &&
    plan.arm_keys === fixed.arm_keys
  );
}

/** Freezes what is going to be submitted again and again, and makes a shape of it unless that would be too long or lose something. */
export function shapePlan(fixed: FixedPlan): void {
  freeze(fixed);
  if (!isPlainJson(fixed)) return;
  const text = JSON.stringify(fixed);
  if (text.length <= LIMITS.shapeLength) setShape(text, fixed);
}

/** What this text stands for, when it was read lately. */
export function rememberedShape(text: string): FixedPlan | undefined {
  return remembered.get(text);
}

/** Remembers what a text was read as. Bytes and tensors can't be frozen, so what holds such belongs to its plan alone. */
export function rememberShape(text: string, fixed: FixedPlan): void {
  if (text.length > LIMITS.shapeLength || remembered.has(text) || !isPlainJson(fixed)) return;
  setShape(text, freeze(fixed));
  remembered.set(text, fixed);
  rememberedLength += text.length;
  for (const oldest of remembered.keys()) {
    if (remembered.size <= LIMITS.shapes && rememberedLength <= LIMITS.shapesLength) break;
    remembered.delete(oldest);
    rememberedLength -= oldest.length;
  }
}

function setShape(text: string, fixed: FixedPlan): void {
  if (typeof fixed.plan !== "string") byTree.set(fixed.plan, { text, fixed });
}

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
