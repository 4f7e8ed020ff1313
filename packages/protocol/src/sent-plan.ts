import * as z from "zod/mini";
import { readText } from "./codec/json-reader.js";
import { isPlanwireError } from "./errors.js";
import { AnyId } from "./ids.js";
import { rememberedShape, rememberShape, type PlanShape } from "./plan-shape.js";
import { PlanPolicy } from "./policy.js";
import { delegate, transform, type TransformContext } from "./schema/delegate.js";
import { exactly, exactlyWhen } from "./schema/exactly.js";
import { JsonValue } from "./schema/json-value.js";
import { object } from "./schema/object.js";
import { FixedPlan, PlanInput, SerializedPlan } from "./serialized-plan.js";

/** A plan with its shape as one string. Fields of the shape are not read beside it, but for `metadata`, which takes its place. */
const FoldedPlan = object({
  plan_id: AnyId,
  shape: z.string(),
  input: z.nullish(PlanInput),
  metadata: z.optional(JsonValue),
  policy: z.optional(PlanPolicy),
});
type FoldedPlan = z.infer<typeof FoldedPlan>;

/** A plan as messages carry it: whole, or folded. It is read as the same SerializedPlan. */
export const SentPlan: z.ZodMiniType<SerializedPlan> = exactlyWhen(
  transform((raw, ctx) => (isFolded(raw) ? unfold(raw, ctx) : delegate(SerializedPlan, raw, ctx))),
  (raw) => isFolded(raw) && isExactlyFolded(raw) && rememberedShape(raw.shape) !== undefined,
);

const isExactlyFolded = exactly(FoldedPlan);

function isFolded(raw: unknown): raw is FoldedPlan {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) && "shape" in raw;
}

/** A message that is exactly what its schema says, which a folded plan is when its shape is remembered: with that plan whole. */
export function unfoldPlanOf<M extends object>(message: M): M {
  if (!("plan" in message) || !isFolded(message.plan)) return message;
  const fixed = rememberedShape(message.plan.shape);
  if (fixed) message.plan = unfolded(message.plan, fixed);
  return message;
}

function unfold(raw: unknown, ctx: TransformContext): SerializedPlan {
  const folded = delegate(FoldedPlan, raw, ctx);
  if (ctx.issues.length > 0) return z.NEVER;
  const fixed = rememberedShape(folded.shape) ?? readShape(folded.shape, ctx);
  return fixed ? unfolded(folded, fixed) : z.NEVER;
}

function readShape(text: string, ctx: TransformContext): FixedPlan | undefined {
  const raw = parseShape(text, ctx);
  if (ctx.issues.length > 0) return undefined;
  const fixed = delegate(FixedPlan, raw, ctx, ["shape"]);
  if (ctx.issues.length > 0) return undefined;
  rememberShape(text, fixed);
  return fixed;
}

function parseShape(text: string, ctx: TransformContext): unknown {
  try {
    return readText(text);
  } catch (error) {
    if (!isPlanwireError(error)) throw error;
    const message = "expected JSON text";
    ctx.issues.push({ code: "custom", message, path: ["shape"], input: text });
    return undefined;
  }
}

/** Written at once where it has what most have: V8 keeps fields that are added to an object in a second one. */
function unfolded(
  { plan_id, input, metadata, policy }: FoldedPlan,
  { plan, filters, mode, metadata: usual, edges, arm_keys, bindings }: FixedPlan,
): SerializedPlan {
  const data = metadata === undefined ? usual : metadata;
  const isUsual = input !== undefined && data !== undefined && bindings !== undefined;
  const whole: SerializedPlan = isUsual
    ? { plan_id, plan, input, metadata: data, bindings }
    : { plan_id, plan };
  if (input !== undefined) whole.input = input;
  if (data !== undefined) whole.metadata = data;
  if (bindings !== undefined) whole.bindings = bindings;
  if (filters !== undefined) whole.filters = filters;
  if (mode !== undefined) whole.mode = mode;
  if (edges !== undefined) whole.edges = edges;
  if (arm_keys !== undefined) whole.arm_keys = arm_keys;
  if (policy !== undefined) whole.policy = policy;
  return whole;
}

/** The plan as it travels to a peer with "shapes". */
export function foldPlan(plan: SerializedPlan, { text, fixed }: PlanShape): FoldedPlan {
  const { plan_id, input, metadata, policy } = plan;
  const folded: FoldedPlan = { plan_id, shape: text };
  if (input !== undefined) folded.input = input;
  // No metadata means {}: absent it would mean the shape's.
  if (metadata !== fixed.metadata) folded.metadata = metadata === undefined ? {} : metadata;
  if (policy !== undefined) folded.policy = policy;
  return folded;
}
