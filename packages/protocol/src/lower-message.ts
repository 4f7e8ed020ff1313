import type { Feature } from "./features.js";
import { lowerPlan } from "./lower-plan.js";
import { AS_TEXT, lowerValue, type LowerOptions } from "./lower-value.js";
import type { Message } from "./messages/message.js";
import type { PlanResult } from "./result.js";
import type { Value } from "./value.js";

/**
 * A message that holds a plan, a value or a result as a peer that announced `features` knows it; any other message comes back as it
 * is. Whether the peer knows the message's type is the sender's to know.
 * @throws PlanwireError VALUE_UNSUPPORTED, with its path
 */
export function lowerMessage(message: Message, features: ReadonlySet<Feature>): Message {
  if (knowsAll(features)) return message;
  switch (message.type) {
    case "AssignPlan": {
      const plan = lowerPlan(message.plan, features, { form: "text", path: ["plan"] });
      return { type: "AssignPlan", plan, ...attemptOf(message, features) };
    }
    case "CancelPlan":
      return { type: "CancelPlan", plan_id: message.plan_id, ...attemptOf(message, features) };
    case "StreamBegin": {
      const { credit, attempt: _, ...inherited } = message;
      const plan = lowerPlan(message.plan, features, { form: "binary", path: ["plan"] });
      const ownCredit = features.has("stream-credit") && credit !== undefined && { credit };
      return { ...inherited, plan, ...attemptOf(message, features), ...ownCredit };
    }
    case "ChunkData":
    case "ChunkResult":
      return {
        ...message,
        value: lowerValue(message.value, features, { form: "binary", path: ["value"] }),
      };
    case "PlanResult": {
      const { attempt: _, ...inherited } = message;
      const result = lowerResult(message.result, features, { form: "text", path: ["result"] });
      return { ...inherited, result, ...attemptOf(message, features) };
    }
    case "StreamComplete":
      return {
        ...message,
        result: lowerResult(message.result, features, { form: "binary", path: ["result"] }),
      };
    default:
      return message;
  }
}

/** All that this file looks at. */
const ASKED: readonly Feature[] = [
  "typed-values",
  "tensors",
  "records",
  "late-variants",
  "attempts",
  "stream-credit",
  "bindings",
];

function knowsAll(features: ReadonlySet<Feature>): boolean {
  return ASKED.every((feature) => features.has(feature));
}

/** The result as a peer that announced `features` knows it: there, a cancelled attempt is a failed one. */
export function lowerResult(
  result: PlanResult,
  features: ReadonlySet<Feature>,
  options: LowerOptions = AS_TEXT,
): PlanResult {
  const path = options.path ?? [];
  const own = features.has("attempts");
  switch (result.status) {
    case "Success": {
      const value = (inner: Value, ...at: string[]) =>
        lowerValue(inner, features, { ...options, path: [...path, ...at] });
      const states = Object.entries(result.states ?? {}).map(([id, state]) => [
        id,
        value(state, "states", id),
      ]);
      return {
        ...result,
        output: value(result.output, "output"),
        states: Object.fromEntries(states),
      };
    }
    case "Failed":
      return own
        ? result
        : { status: "Failed", error: result.error, duration_ms: result.duration_ms };
    case "Cancelled":
      return own
        ? result
        : { status: "Failed", error: "cancelled", duration_ms: result.duration_ms };
  }
}

function attemptOf(
  message: { attempt?: number | undefined },
  features: ReadonlySet<Feature>,
): { attempt?: number } {
  return features.has("attempts") && message.attempt !== undefined
    ? { attempt: message.attempt }
    : {};
}
