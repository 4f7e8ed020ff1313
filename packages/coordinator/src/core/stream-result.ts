import type { Outcome, PlanResult } from "@planwire/protocol";

/** How a stream's client is told its outcome. */
export function resultOf(outcome: Outcome): PlanResult {
  const { duration_ms } = outcome;
  switch (outcome.status) {
    case "Succeeded":
      return { status: "Success", output: outcome.output, states: outcome.states, duration_ms };
    case "Cancelled":
      return {
        status: "Cancelled",
        stopped: outcome.stopped,
        ...(outcome.how !== undefined && { how: outcome.how }),
        duration_ms,
      };
    case "Failed": {
      const { message, code, retryable, node_id, cause, details, hint } = outcome.error;
      return {
        status: "Failed",
        error: message,
        code,
        retryable,
        duration_ms,
        ...(node_id !== undefined && { node_id }),
        ...(cause !== undefined && { cause }),
        ...(details !== undefined && { details }),
        ...(hint !== undefined && { hint }),
      };
    }
  }
}
