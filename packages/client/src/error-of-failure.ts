import {
  isErrorCode,
  PlanwireError,
  type Cause,
  type ErrorCode,
  type ErrorDetails,
  type SomeError,
} from "@planwire/protocol";
import { failure, type Failure } from "./core/failure.js";

/**
 * The error that a failure is to the one who waits for it. Made where that one's call is on the (asynchronous) stack; the filter's
 * own error, with its own stack, is the cause.
 */
export function errorOf(why: Failure): SomeError {
  const code = isErrorCode(why.code) ? why.code : "PEER_ERROR";
  const message = code === why.code ? why.message : `${why.code}: ${why.message}`;
  const details = detailsOf(code, why);
  return new PlanwireError(code, message, {
    retryable: why.retryable,
    details: details as ErrorDetails<ErrorCode>,
    ...(why.hint !== undefined && { hint: why.hint }),
    ...(why.cause && { cause: causeOf(why.cause) }),
  }) as SomeError;
}

/** The same the other way round: an error of this process, as the core takes it. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof PlanwireError)) {
    return failure("INTERNAL", error instanceof Error ? error.message : String(error));
  }
  const { code, message, retryable, hint, details } = error;
  return {
    code,
    message,
    retryable,
    ...(hint !== undefined && { hint }),
    ...(details !== undefined && { details }),
  };
}

function causeOf({ name, message, stack }: Cause): Error {
  const cause = new Error(message);
  cause.name = name ?? "Error";
  cause.stack = stack ?? `${cause.name}: ${message}`;
  return cause;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the wire brought, and the fields that every error of this code has, where the wire says them elsewhere. */
function detailsOf(code: ErrorCode, why: Failure): Fields | undefined {
  const given = isFields(why.details) ? why.details : undefined;
  const usual = usualDetails(code, why);
  return given || usual ? { ...usual, ...given } : undefined;
}

function usualDetails(
  code: ErrorCode,
  { node_id, path, expected, message, cause }: Failure,
): Fields | undefined {
  switch (code) {
    case "FILTER_ERROR":
      return { nodeId: node_id ?? "", ...(cause?.stack && { remoteStack: cause.stack }) };
    case "INPUT_INVALID":
    case "OUTPUT_INVALID":
    case "PARAMS_INVALID":
      return { nodeId: node_id ?? "", issues: [] };
    case "NO_MATCHING_ARM":
      return { nodeId: node_id ?? "", label: "", labels: [] };
    case "PLAN_REFUSED":
      return { issues: [{ path: path ?? "", message }] };
    case "STATE_MISSING":
      return { nodeIds: node_id === undefined ? [] : [node_id] };
    case "NO_SUCH_FILTER":
      return { missing: [], offered: [] };
    case "CANCELLED":
      return { by: "" };
    case "WORKER_LOST":
      return { workerId: "", attempts: 0 };
    case "POISON_PLAN":
      return { partId: "", deaths: [] };
    case "DEADLINE_EXCEEDED":
      return { timeoutMs: 0 };
    case "QUEUE_FULL":
      return { limit: 0, queued: 0 };
    case "INVALID_MESSAGE":
      return { path: path ?? "", expected: expected ?? "" };
    case "MESSAGE_TOO_LARGE":
      return { bytes: 0, limit: 0 };
    case "VALUE_UNSUPPORTED":
      return { path: path ?? "", found: "" };
    case "FILTER_LOAD_FAILED":
      return { file: "" };
    default:
      return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
