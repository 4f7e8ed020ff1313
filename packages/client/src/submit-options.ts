/** What may be said with a submission. */
export interface SubmitOptions {
  /** The plan_id. The same id with the same content is the same execution. Default: fresh. */
  readonly id?: string;
  /** Goes into the plan's metadata, beside its name. */
  readonly label?: string;
  /** Cancels the work. */
  readonly signal?: AbortSignal;
  /** Milliseconds from now until the work is stopped with DEADLINE_EXCEEDED. This client sees to that: it must live then. */
  readonly timeoutMs?: number;
  /** Where it must run: on this worker, or on one with this tag. */
  readonly on?: { readonly tags?: readonly string[]; readonly worker?: string };
}
