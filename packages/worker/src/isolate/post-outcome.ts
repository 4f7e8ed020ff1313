import type { CallOutcome, FilterCall } from "../core/filter-call.js";
import { callError } from "../execute/call-error.js";
import { compactValue } from "./compact.js";

/** Posts an outcome to another thread. What can't be cloned there (a Proxy, of which JavaScript can't tell that it is one) fails the call. */
export function postOutcome(
  { nodeId }: FilterCall,
  outcome: CallOutcome,
  post: (outcome: CallOutcome) => void,
): void {
  try {
    post(outcome.status === "done" ? { ...outcome, value: compactValue(outcome.value) } : outcome);
  } catch (error) {
    const message = `the output of node "${nodeId}" can't travel: ${String(error)}`;
    post({
      status: "failed",
      error: callError("VALUE_UNSUPPORTED", message, nodeId, {
        hint: "return plain data, not proxies (of a store or an ORM, say)",
      }),
    });
  }
}
