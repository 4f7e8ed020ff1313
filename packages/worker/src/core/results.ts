import {
  EMPTY,
  encodeFrame,
  ERRORS,
  isPlanwireError,
  lowerMessage,
  wireErrorOf,
  type FailedResult,
  type Feature,
  type Message,
  type PlanResult,
  type WireError,
} from "@planwire/protocol";
import { readSource } from "./walk.js";
import type { Walk, WalkEnd } from "./state.js";

/** What a walk's end is on the wire. */
export function resultOf(end: WalkEnd, stopped: Walk["stopped"], durationMs: number): PlanResult {
  const duration_ms = Math.round(durationMs);
  switch (end.status) {
    case "Succeeded":
      return { status: "Success", output: readSource(end.output), duration_ms, states: end.states };
    case "Failed": {
      const result = failedResult(end.error, duration_ms);
      return stopped === "abandoned" ? { ...result, stopped: false } : result;
    }
    case "Cancelled":
      return {
        status: "Cancelled",
        duration_ms,
        stopped: stopped !== "abandoned",
        how: stopped ?? "queued",
      };
  }
}

export function failedResult(error: WireError, durationMs: number): FailedResult {
  const { code, message, retryable, node_id, cause, details, hint } = error;
  return {
    status: "Failed",
    error: message,
    duration_ms: Math.round(durationMs),
    code,
    retryable,
    ...(node_id !== undefined && { node_id }),
    ...(cause !== undefined && { cause }),
    ...(details !== undefined && { details }),
    ...(hint !== undefined && { hint }),
  };
}

export function emptySuccess(durationMs: number): PlanResult {
  return { status: "Success", output: EMPTY, duration_ms: Math.round(durationMs), states: {} };
}

export interface Encoded {
  readonly frame: string | Uint8Array;
  readonly bytes: number;
}

/** Writes a message as the peer reads it; over the peer's limit, or with a value that can't travel there, it is an error instead. */
export function encodeWithin(
  message: Message,
  features: ReadonlySet<Feature>,
  limit: number,
): Encoded | WireError {
  try {
    const frame = encodeFrame(lowerMessage(message, features), features);
    const bytes = typeof frame === "string" ? Buffer.byteLength(frame) : frame.length;
    return bytes <= limit ? { frame, bytes } : tooLarge(bytes, limit);
  } catch (error) {
    if (isPlanwireError(error)) return wireErrorOf(error);
    throw error;
  }
}

/**
 * A result in its message. One that can't travel becomes the failure that says so, which goes out whatever the limit is: there is nothing
 * smaller to say.
 */
export function encodeResult<M extends Message>(
  messageOf: (result: PlanResult) => M,
  result: PlanResult,
  {
    features,
    frameBytes,
  }: { readonly features: ReadonlySet<Feature>; readonly frameBytes: number },
): Encoded & { readonly message: M } {
  const message = messageOf(result);
  const encoded = encodeWithin(message, features, frameBytes);
  if (!isWireError(encoded)) return { message, ...encoded };
  const failed = messageOf(failedResult(encoded, Number(result.duration_ms)));
  const small = encodeWithin(failed, features, Infinity);
  if (isWireError(small)) throw new Error(`a failure can't be sent: ${small.message}`);
  return { message: failed, ...small };
}

function tooLarge(bytes: number, limit: number): WireError {
  return {
    code: "MESSAGE_TOO_LARGE",
    message: `the result has ${bytes} bytes, the coordinator takes at most ${limit}`,
    retryable: ERRORS.MESSAGE_TOO_LARGE.retryable,
    details: { bytes, limit },
    hint: "return less, or stream it in chunks",
  };
}

export function isWireError(encoded: Encoded | WireError): encoded is WireError {
  return "code" in encoded;
}
