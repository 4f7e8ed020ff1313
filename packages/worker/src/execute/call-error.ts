import {
  ERRORS,
  isPlanwireError,
  type Cause,
  type ErrorCode,
  type JsonValue,
  type WireError,
} from "@planwire/protocol";

const LONGEST_MESSAGE = 8 * 1024;
const LONGEST_STACK = 16 * 1024;

/** Where a filter's own stack ends: at the frames that call it, in this package and in `defineFilter`. */
const OUR_FRAME = /\bcallPlanwireFilter\b|[/\\]plan[/\\](?:src|dist)[/\\]define-filter\./;

/** What a filter threw, as it travels. */
export function filterError(thrown: unknown, nodeId: string): WireError {
  const cause = causeOf(thrown);
  return {
    code: "FILTER_ERROR",
    message: `node "${nodeId}" failed: ${cause.message}`,
    retryable: saysRetryable(thrown),
    node_id: nodeId,
    details: { nodeId, ...(cause.stack !== undefined && { remoteStack: cause.stack }) },
    cause,
  };
}

/** An error of ours around a call: a value that can't travel, a schema that refuses. */
export function callError(
  code: ErrorCode,
  message: string,
  nodeId: string,
  more: Pick<WireError, "details" | "hint" | "cause"> = {},
): WireError {
  return { code, message, retryable: ERRORS[code].retryable, node_id: nodeId, ...more };
}

/** A conversion between plain data and Values that failed. */
export function conversionError(thrown: unknown, what: string, nodeId: string): WireError {
  if (!isPlanwireError(thrown)) return filterError(thrown, nodeId);
  const message = `${what} of node "${nodeId}": ${thrown.message}`;
  return callError(thrown.code, message, nodeId, {
    ...(thrown.details !== undefined && { details: { ...thrown.details } as JsonValue }),
    ...(thrown.hint !== undefined && { hint: thrown.hint }),
  });
}

/** Anything can be thrown, and reading it may throw again. */
export function causeOf(thrown: unknown): Cause {
  try {
    if (!(thrown instanceof Error) && !looksLikeError(thrown)) {
      return { message: shorten(String(thrown), LONGEST_MESSAGE) };
    }
    const { name, message, stack } = thrown;
    return {
      name: shorten(String(name), 128),
      message: shorten(String(message), LONGEST_MESSAGE),
      ...(typeof stack === "string" && { stack: shorten(ownStack(stack), LONGEST_STACK) }),
    };
  } catch {
    return { message: "something that can't be read was thrown" };
  }
}

/** An error of another realm, a vm context say. */
function looksLikeError(thrown: unknown): thrown is Error {
  return typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown;
}

function ownStack(stack: string): string {
  const lines = stack.split("\n");
  const ours = lines.findIndex((line) => OUR_FRAME.test(line));
  return (ours === -1 ? lines : lines.slice(0, ours)).join("\n");
}

/** A filter's own error is not retried unless it says so. */
function saysRetryable(thrown: unknown): boolean {
  return (
    typeof thrown === "object" &&
    thrown !== null &&
    (thrown as { retryable?: unknown }).retryable === true
  );
}

function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
