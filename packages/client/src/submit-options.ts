import type { ErrorCode } from "@planwire/protocol";

/** What may be said with a submission. */
export interface SubmitOptions {
  /** The plan_id. The same id with the same content is the same execution. Default: fresh. */
  readonly id?: string;
  /** Goes into the plan's metadata, beside its name. */
  readonly label?: string;
  /** Cancels the work. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds from its acceptance until the work is stopped, and fails with DEADLINE_EXCEEDED. The coordinator sees to that,
   * also when this client is gone. Default: none.
   */
  readonly timeoutMs?: number;
  /** When what failed, or was lost with its worker, is tried again. A stream is only while nothing was sent. */
  readonly retry?: RetryOptions;
  /**
   * `disk` unless given: accepted means written, as far as the coordinator has a store on disk. `memory` waits for no disk; a
   * coordinator that ends forgets the work, and `result()` fails with PLAN_UNKNOWN.
   */
  readonly durability?: "disk" | "memory";
  /** Milliseconds after its end for which the result is kept. Default: as the coordinator keeps results. */
  readonly keepMs?: number;
  /** Where it must run: on this worker, or on one with this tag. */
  readonly on?: { readonly tags?: readonly string[]; readonly worker?: string };
}

/** What is left out is as the coordinator has it set. */
export interface RetryOptions {
  /** Tries of one part of a plan, the first included; 1 for no second one. Default: 5. */
  readonly attempts?: number;
  /** Milliseconds before the second try; they double with each further one. Default: 1000. */
  readonly backoffMs?: number;
  /** What they grow to. Default: 60,000. */
  readonly maxBackoffMs?: number;
  /**
   * Failures that are worth another try, beside those that say so themselves (`retryable`). A filter's own error is FILTER_ERROR,
   * and is not tried again unless that is listed here, or the error has `retryable: true`.
   */
  readonly codes?: readonly ErrorCode[];
}
