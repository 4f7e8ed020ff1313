/** What a filter gets beside its input. */
export interface FilterContext<P = undefined> {
  /** Aborts when the plan is cancelled or its deadline passes. */
  readonly signal: AbortSignal;
  /** What `.with(params)` gave, as the filter's params schema parsed it. */
  readonly params: P;
  readonly nodeId: string;
  readonly planId: string;
  /** Number of this try, from 1. */
  readonly attempt: number;
  readonly workerId: string;
  /** Reports how far this call is: 0 to 1. */
  progress(fraction: number): void;
  /** Adds a line to the run's events. */
  log(message: string, fields?: Record<string, unknown>): void;
}
