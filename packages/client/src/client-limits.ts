import { LIMITS, PlanwireError } from "@planwire/protocol";

/** What one connection may have under way or waiting. */
export interface ClientLimits {
  /** Requests without an answer. Beyond: QUEUE_FULL. */
  readonly maxRequests: number;
  /** Open streams. Beyond: QUEUE_FULL. */
  readonly maxStreams: number;
  /** Events that workers told and that wait for one reader. Beyond: the oldest are dropped, and EventsLost stands for them. */
  readonly maxEvents: number;
  /** Results of one stream that may be under way or waiting to be taken. Beyond: its worker waits. */
  readonly streamBytes: number;
  readonly streamChunks: number;
}

export const DEFAULT_LIMITS: ClientLimits = {
  maxRequests: 65_536,
  maxStreams: 1_024,
  maxEvents: 1_024,
  streamBytes: LIMITS.streamWindowBytes,
  streamChunks: LIMITS.streamWindowChunks,
};

/** @throws PlanwireError BAD_USAGE naming the limit that is wrong */
export function resolveLimits(given: Partial<ClientLimits> = {}): ClientLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new PlanwireError("BAD_USAGE", `connect() has no limit ${name}`, {
        hint: `there are ${Object.keys(DEFAULT_LIMITS).join(", ")}`,
      });
    }
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new PlanwireError(
      "BAD_USAGE",
      `limits.${name} must be a whole number from 1, got ${value}`,
    );
  }
  return { ...DEFAULT_LIMITS, ...given };
}
