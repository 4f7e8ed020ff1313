/** What a worker is started with, and does not change. Times in milliseconds. */
export interface Settings {
  readonly url: string;
  readonly workerId: string;
  /** Random per process: tells a worker that came back from another one with its id. */
  readonly incarnation: string;
  readonly version: string;
  /** Parts and streams that run at a time. */
  readonly slots: number;
  /** Assignments that wait here for a slot; more are answered Busy. */
  readonly prefetch: number;
  /** Between a stop and the kill. */
  readonly graceMs: number;
  /** From the open socket to Registered. */
  readonly registerTimeoutMs: number;
  /** Results kept until they are acknowledged; beyond, no new work is taken. */
  readonly mostUnacknowledged: number;
  readonly mostUnacknowledgedBytes: number;
}

/** What is asked for by `settings`, and seldom. */
export const BOUNDS = {
  prefetch: 64,
  registerTimeoutMs: 10_000,
  mostUnacknowledged: 4096,
  mostUnacknowledgedBytes: 256 * 1024 * 1024,
} as const satisfies Partial<Settings>;
export type Bounds = Pick<Settings, keyof typeof BOUNDS>;

export const DEFAULTS = { ...BOUNDS, graceMs: 5000 } as const satisfies Partial<Settings>;
