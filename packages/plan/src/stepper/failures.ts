import {
  ERRORS,
  PlanwireError,
  type ErrorCode,
  type ErrorDetails,
  type JsonValue,
  type WireError,
} from "@planwire/protocol";

interface Failure<C extends ErrorCode> {
  code: C;
  nodeId: string;
  message: string;
  hint: string;
  details?: ErrorDetails<C> & JsonValue;
}

function failure<C extends ErrorCode>({ code, nodeId, ...rest }: Failure<C>): WireError {
  return { code, retryable: ERRORS[code].retryable, node_id: nodeId, ...rest };
}

export function stateMissing(nodeId: string): WireError {
  return failure({
    code: "STATE_MISSING",
    nodeId,
    message: `node "${nodeId}" is trainable and was reached without a state`,
    hint: "fit the plan first, and submit it with the states that the fit returned",
    details: { nodeIds: [nodeId] },
  });
}

export function fitWithoutState(nodeId: string): WireError {
  return failure({
    code: "STATE_MISSING",
    nodeId,
    message: `fitting node "${nodeId}" returned no state for it`,
    hint: "a fit returns its state under the node's id",
    details: { nodeIds: [nodeId] },
  });
}

export function noMatchingArm(
  nodeId: string,
  arm: string | undefined,
  labels: string[],
): WireError {
  const said = arm === undefined ? "names no arm" : `says ${JSON.stringify(arm)}`;
  return failure({
    code: "NO_MATCHING_ARM",
    nodeId,
    message: `branch "${nodeId}": its output ${said}, its arms are ${labels.map((label) => JSON.stringify(label)).join(", ")}`,
    hint: 'add that arm, or one labelled "default"',
    details: { nodeId, label: arm ?? "", labels },
  });
}

export function predecessorNotEnded(nodeId: string, predecessor: string): WireError {
  return failure({
    code: "PLAN_REFUSED",
    nodeId,
    message: `edges name "${predecessor}" before "${nodeId}", but it has no output when that is reached`,
    hint: "checkPlan tells which edges are at fault",
    details: {
      issues: [{ path: `edges.${nodeId}`, message: `"${predecessor}" has not ended before` }],
    },
  });
}

/** A mistake of the driver or of ours, never a plan's or a peer's. */
export function internalFault(message: string): PlanwireError<"INTERNAL"> {
  return new PlanwireError("INTERNAL", `stepper: ${message}`);
}
