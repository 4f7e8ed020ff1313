import type { ConnectionId, EventNumber, PlanEvent, RanNode } from "@planwire/protocol";

export interface Watcher {
  readonly conn: ConnectionId;
  readonly onlyOutcome: boolean;
}

/** What a watcher is to be told later: all that comes after `from`, of it the outcome alone where no more was asked for. */
export interface Behind {
  readonly from: EventNumber | undefined;
  readonly onlyOutcome: boolean;
}

/** An attempt's nodes that started and completed one after another: two events for each, kept in few words until somebody asks. */
export interface RanNodes {
  readonly type: "RanNodes";
  readonly plan_id: string;
  /** Of the first of its events. */
  readonly number: EventNumber;
  readonly at: number;
  readonly about: Pick<ToldEvent, "part_id" | "attempt" | "worker_id">;
  readonly ran: readonly RanNode[];
}

type ToldEvent = Extract<PlanEvent["event"], { kind: "Worker" }>;

/** What is kept of an execution's events. */
export interface EventRing {
  kept: (PlanEvent | RanNodes)[];
  /** Those that workers told, and their bytes, roughly. */
  told: number;
  toldBytes: number;
  /** Numbers of the first and last event that fell out. */
  lost: { from: EventNumber; to: EventNumber } | undefined;
}
