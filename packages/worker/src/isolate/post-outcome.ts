import type { CallOutcome, FilterCall } from "../core/filter-call.js";
import { callError } from "../execute/call-error.js";
import { ownOutcome } from "./own-buffers.js";

/** Posts an outcome from a thread of its own. */
export function postOutcome(
  { nodeId }: FilterCall,
  outcome: CallOutcome,
  post: (outcome: CallOutcome, transfer: readonly ArrayBuffer[]) => void,
): void {
  try {
    const { message, transfer } = ownOutcome(outcome);
    post(message, transfer);
  } catch (error) {
    post(notCloneable(nodeId, error), []);
  }
}

/** What the checks let through and yet can't be cloned: a Proxy, of which JavaScript can't tell that it is one. */
export function notCloneable(nodeId: string, error: unknown): CallOutcome {
  const message = `the output of node "${nodeId}" can't travel: ${String(error)}`;
  const hint = "return plain data, not proxies (of a store or an ORM, say)";
  return { status: "failed", error: callError("VALUE_UNSUPPORTED", message, nodeId, { hint }) };
}
