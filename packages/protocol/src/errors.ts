/**
 * Every error code of Planwire: one table from which the code union, retryability and close codes derive.
 * `close` names the WebSocket close code where an error ends the connection; the close reason is the code alone.
 */
export const ERRORS = {
  // the wire
  INVALID_MESSAGE: { number: 1001, retryable: false },
  UNKNOWN_TYPE: { number: 1002, retryable: false },
  UNEXPECTED_MESSAGE: { number: 1003, retryable: false },
  MESSAGE_TOO_LARGE: { number: 1004, retryable: false, close: 4004 },
  VALUE_UNSUPPORTED: { number: 1005, retryable: false },
  UNSUPPORTED_VERSION: { number: 1006, retryable: false, close: 4006 },
  PEER_ERROR: { number: 1007, retryable: false },
  // who may what
  UNAUTHORIZED: { number: 2001, retryable: false, close: 4401 },
  FORBIDDEN: { number: 2002, retryable: false, close: 4403 },
  FORBIDDEN_ORIGIN: { number: 2003, retryable: false, close: 4403 },
  WORKER_ID_TAKEN: { number: 2004, retryable: false, close: 4409 },
  // sessions
  SESSION_REPLACED: { number: 3001, retryable: true, close: 4410 },
  SESSION_EXPIRED: { number: 3002, retryable: true, close: 4408 },
  SHUTTING_DOWN: { number: 3003, retryable: true, close: 4503 },
  CONNECTION_LOST: { number: 3004, retryable: true },
  COORDINATOR_UNREACHABLE: { number: 3005, retryable: true },
  CLOSED: { number: 3006, retryable: false },
  // submissions
  PLAN_REFUSED: { number: 4001, retryable: false },
  PLAN_ID_CONFLICT: { number: 4002, retryable: false },
  PLAN_UNKNOWN: { number: 4003, retryable: false },
  NO_SUCH_FILTER: { number: 4004, retryable: false },
  STATE_MISSING: { number: 4005, retryable: false },
  DATA_REF_REFUSED: { number: 4006, retryable: false },
  QUEUE_FULL: { number: 4007, retryable: true },
  STORE_UNAVAILABLE: { number: 4008, retryable: true },
  TOPOLOGY_NOT_READY: { number: 4009, retryable: true },
  WORKER_UNKNOWN: { number: 4010, retryable: false },
  // running
  FILTER_ERROR: { number: 5001, retryable: false },
  INPUT_INVALID: { number: 5002, retryable: false },
  OUTPUT_INVALID: { number: 5003, retryable: false },
  PARAMS_INVALID: { number: 5004, retryable: false },
  FILTER_TIMEOUT: { number: 5005, retryable: true },
  CACHE_MISS: { number: 5006, retryable: false },
  NO_MATCHING_ARM: { number: 5007, retryable: false },
  WORKER_LOST: { number: 5008, retryable: true },
  WORKER_CRASH: { number: 5009, retryable: true },
  POISON_PLAN: { number: 5010, retryable: false },
  CANCELLED: { number: 5011, retryable: false },
  DEADLINE_EXCEEDED: { number: 5012, retryable: false },
  STREAM_OVERRUN: { number: 5013, retryable: false },
  STREAM_REFUSED: { number: 5014, retryable: false },
  // this process
  FILTER_LOAD_FAILED: { number: 6001, retryable: false },
  BAD_USAGE: { number: 6002, retryable: false },
  PORT_IN_USE: { number: 6003, retryable: false },
  INTERNAL: { number: 6004, retryable: false },
} as const satisfies Record<string, ErrorRow>;

interface ErrorRow {
  readonly number: number;
  readonly retryable: boolean;
  readonly close?: number;
}

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** The WebSocket close code of an error that ends its connection. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  const row: ErrorRow = ERRORS[code];
  return row.close;
}

/** What `error.details` holds, by code. Codes that are not here carry nothing. */
export interface ErrorDetailsByCode {
  FILTER_ERROR: { nodeId: string; remoteStack?: string };
  INPUT_INVALID: { nodeId: string; issues: readonly Issue[] };
  OUTPUT_INVALID: { nodeId: string; issues: readonly Issue[] };
  PARAMS_INVALID: { nodeId: string; issues: readonly Issue[] };
  NO_MATCHING_ARM: { nodeId: string; label: string; labels: readonly string[] };
  WORKER_LOST: { workerId: string; attempts: number };
  POISON_PLAN: { partId: string; deaths: readonly Death[] };
  /** `stopped`: false when a call could not be stopped and still runs. */
  DEADLINE_EXCEEDED: { timeoutMs: number; stopped?: boolean };
  CANCELLED: { by: string };
  /** `unit`: what is counted. */
  QUEUE_FULL: { limit: number; queued: number; unit?: "items" | "bytes" };
  PLAN_REFUSED: { issues: readonly Issue[] };
  STATE_MISSING: { nodeIds: readonly string[] };
  NO_SUCH_FILTER: { missing: readonly string[]; offered: readonly string[] };
  INVALID_MESSAGE: { path: string; expected: string };
  UNKNOWN_TYPE: { path: string; expected: string };
  MESSAGE_TOO_LARGE: { bytes: number; limit: number };
  VALUE_UNSUPPORTED: { path: string; found: string };
  FILTER_LOAD_FAILED: { file: string };
}

/** An isolate or a whole worker that died under an attempt. */
export interface Death {
  readonly attempt: number;
  readonly workerId: string;
  readonly what: "isolate" | "worker";
  readonly reason: string;
}

/** One thing that is wrong, and where: `plan.Sequence[1].Execute.node_id`. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

export type ErrorDetails<C extends ErrorCode> = C extends keyof ErrorDetailsByCode
  ? ErrorDetailsByCode[C]
  : undefined;

const BRAND = Symbol.for("planwire.error");

export interface PlanwireErrorOptions<C extends ErrorCode> {
  readonly details?: ErrorDetails<C>;
  readonly hint?: string;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

/** The one error class of Planwire. Known by its brand, so that two copies of the package agree. */
export class PlanwireError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly details: ErrorDetails<C>;
  /** The next thing to try. */
  readonly hint: string | undefined;

  constructor(code: C, message: string, options: PlanwireErrorOptions<C> = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PlanwireError";
    this.code = code;
    this.retryable = options.retryable ?? ERRORS[code].retryable;
    this.details = options.details as ErrorDetails<C>;
    this.hint = options.hint;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

export type SomeError = { [C in ErrorCode]: PlanwireError<C> }[ErrorCode];

/** Whether `error` is Planwire's, and of that code where one is given. */
export function isPlanwireError(error: unknown): error is SomeError;
export function isPlanwireError<C extends ErrorCode>(
  error: unknown,
  code: C,
): error is PlanwireError<C>;
export function isPlanwireError(error: unknown, code?: ErrorCode): boolean {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}
