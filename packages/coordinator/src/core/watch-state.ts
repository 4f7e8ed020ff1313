import type { ConnectionId, EventNumber, PlanEvent } from "@planwire/protocol";

export interface Watcher {
  readonly conn: ConnectionId;
  readonly onlyOutcome: boolean;
}

/** What a watcher is to be told later: all that comes after `from`, of it the outcome alone where no more was asked for. */
export interface Behind {
  readonly from: EventNumber | undefined;
  readonly onlyOutcome: boolean;
}

/** What is kept of an execution's events. */
export interface EventRing {
  kept: PlanEvent[];
  /** Those that workers told, and their bytes, roughly. */
  told: number;
  toldBytes: number;
  /** Numbers of the first and last event that fell out. */
  lost: { from: EventNumber; to: EventNumber } | undefined;
}
