import { isPlanwireError, type ErrorCode, type Outcome } from "@planwire/protocol";

/** What scripts rely on. */
export const EXIT = { ok: 0, failed: 1, refused: 2, unreachable: 3, cancelled: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_STATUS = {
  Succeeded: EXIT.ok,
  Failed: EXIT.failed,
  Cancelled: EXIT.cancelled,
} as const satisfies Record<Outcome["status"], ExitCode>;

export function exitCodeOfOutcome(outcome: Outcome): ExitCode {
  return BY_STATUS[outcome.status];
}

/** Errors that tell the caller to change what was asked: trying the same again gives the same. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "BAD_USAGE",
  "INVALID_MESSAGE",
  "UNKNOWN_TYPE",
  "MESSAGE_TOO_LARGE",
  "VALUE_UNSUPPORTED",
  "UNSUPPORTED_VERSION",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "FORBIDDEN_ORIGIN",
  "WORKER_ID_TAKEN",
  "PLAN_REFUSED",
  "PLAN_ID_CONFLICT",
  "PLAN_UNKNOWN",
  "WORKER_UNKNOWN",
  "NO_SUCH_FILTER",
  "STATE_MISSING",
  "DATA_REF_REFUSED",
  "QUEUE_FULL",
  "TOPOLOGY_NOT_READY",
  "STREAM_REFUSED",
  "FILTER_LOAD_FAILED",
]);

export function exitCodeOfError(error: unknown): ExitCode {
  if (!isPlanwireError(error)) return EXIT.failed;
  if (error.code === "COORDINATOR_UNREACHABLE") return EXIT.unreachable;
  if (error.code === "CANCELLED") return EXIT.cancelled;
  return REFUSALS.has(error.code) ? EXIT.refused : EXIT.failed;
}
