import type { PlanwireError } from "./errors.js";
import type { WireError } from "./messages/client.js";
import type { JsonValue } from "./schema/json-value.js";

/** An error of ours as it travels: where it is about a place in a message, with path and expectation. */
export function wireErrorOf(error: PlanwireError): WireError {
  const details = error.details as JsonValue | undefined;
  const place = placeOf(details);
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    ...place,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(details !== undefined && { details }),
  };
}

function placeOf(details: JsonValue | undefined): { path?: string; expected?: string } {
  if (typeof details !== "object" || details === null || Array.isArray(details)) return {};
  const { path, expected } = details;
  return {
    ...(typeof path === "string" && path !== "" && { path }),
    ...(typeof expected === "string" && { expected }),
  };
}
