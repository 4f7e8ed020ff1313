import type {
  ExecutionState,
  ExecutionSummary,
  OfferedFilter,
  Outcome,
  PlanResult,
  SerializedPlan,
} from "@planwire/protocol";

/** How a plan is cut into parts; written with its first assignment. Paths are child indexes from the root. */
export type StoredCut =
  | { readonly kind: "whole" }
  | (Walked & { readonly kind: "subtrees"; readonly paths: readonly (readonly number[])[] })
  | (Walked & { readonly kind: "leaves" });

interface Walked {
  /** Nodes whose filters were known to be Trainable when the walk began: what is replayed must be walked the same way. */
  readonly trainable?: readonly string[];
}

/** Why an attempt was given up, and what that means for the next one. */
export interface StoredLoss {
  /** In words, for events and explanations. */
  readonly reason: string;
  /**
   * Nothing; or nothing yet, where its worker died before it started, as far as was heard; a try; or a try and the life of what it
   * ran in.
   */
  readonly cost: "nothing" | "unstarted" | "try" | "isolate" | "worker";
  /** The next attempt must have its worker to itself. */
  readonly alone: boolean;
  /** The next attempt is not made before; milliseconds since 1970. */
  readonly retryAt: number;
}

/** One try of a part on one worker. The newest attempt of a part is its assignment until `result` or `lost` is there. */
export interface StoredAttempt {
  readonly partId: string;
  readonly attempt: number;
  readonly workerId: string;
  /** The worker process that was given it; undefined for a peer of the inherited wire. */
  readonly incarnation: string | undefined;
  readonly started: boolean;
  /** Of an attempt that was given up. */
  readonly lost: StoredLoss | undefined;
  /** What it answered, when that was taken; or how the coordinator ended the part instead of trying it again. */
  readonly result: PlanResult | undefined;
}

/** Everything durable about one execution. */
export interface StoredExecution {
  readonly planId: string;
  readonly kind: "plan" | "stream";
  /**
   * Which coordinator decides about it: not-owner answers every other's write. As the accept named it; who goes on after a
   * restart writes under the owner that it finds here.
   */
  readonly owner: string;
  /** Grows by one with every write; each write names the version that it expects. */
  readonly version: number;
  readonly plan: SerializedPlan;
  /** What its plan and results take, roughly; 0 where the store doesn't know. */
  readonly bytes: number;
  readonly name: string | undefined;
  /** Milliseconds since 1970. */
  readonly submittedAt: number;
  readonly finishedAt: number | undefined;
  readonly state: ExecutionState;
  readonly cut: StoredCut | undefined;
  readonly cancelledBy: string | undefined;
  /** Its deadline stops it, not somebody's cancel. */
  readonly expired: boolean;
  /** In the order in which they were made; results in the order in which they were taken (`takenOrder`). */
  readonly attempts: readonly StoredAttempt[];
  /** Part ids in the order in which their outcomes were written: what a restart replays into the stepper. */
  readonly takenOrder: readonly string[];
  readonly outcome: Outcome | undefined;
}

/**
 * What one write changes. Several changes of one write land together or not at all.
 *
 * A store fails a write that no order of events leads to: an accept that is not the first change, an attempt made twice,
 * `started`, `lose` or `takeResult` of an attempt that is not open (made, neither lost nor answered), a second
 * result of a part, anything after `finish`.
 */
export type Change =
  | {
      readonly type: "accept";
      readonly kind: "plan" | "stream";
      readonly plan: SerializedPlan;
      readonly name: string | undefined;
      readonly submittedAt: number;
    }
  | {
      readonly type: "assign";
      readonly partId: string;
      readonly attempt: number;
      readonly workerId: string;
      readonly incarnation: string | undefined;
      /** With an execution's first assignment. */
      readonly cut: StoredCut | undefined;
    }
  | { readonly type: "started"; readonly partId: string; readonly attempt: number }
  | {
      readonly type: "lose";
      readonly partId: string;
      readonly attempt: number;
      readonly loss: StoredLoss;
    }
  | {
      readonly type: "takeResult";
      readonly partId: string;
      readonly attempt: number;
      readonly result: PlanResult;
    }
  /** `expired`: it is its deadline that stops it. */
  | { readonly type: "wishCancel"; readonly by: string; readonly expired: boolean }
  | {
      readonly type: "finish";
      readonly outcome: Outcome;
      readonly finishedAt: number;
      /** Until when it is kept, milliseconds since 1970; undefined: as long as all others (`PruneQuery.endedBefore`). */
      readonly expiresAt: number | undefined;
      /** What the whole execution takes in memory, roughly. */
      readonly bytes: number;
    };

/** One atomic write to one execution. */
export interface Write {
  readonly planId: string;
  readonly owner: string;
  /** The version before this write; 0 for an accept. */
  readonly expects: number;
  /** `disk` unless given. `memory`: it need not outlive this process. The same with all writes of an execution. */
  readonly durability?: "disk" | "memory";
  readonly changes: readonly Change[];
}

/**
 * `exists`: an accept of a plan_id that is there already, with whatever content.
 * `notOwner`: the execution moved on without us (another owner, another version); the core forgets it.
 */
export type WriteAnswer =
  | { readonly type: "done" }
  | { readonly type: "exists"; readonly state: ExecutionState }
  | { readonly type: "notOwner" }
  | { readonly type: "failed"; readonly reason: string };

export interface ListQuery {
  readonly limit: number;
  readonly state: ExecutionState | undefined;
  /** The last plan_id of the page before. */
  readonly before: string | undefined;
}

export interface ListPage {
  /** Newest submission first. */
  readonly plans: readonly ExecutionSummary[];
  /** How many match in all, whatever the limit and the page. */
  readonly total: number;
}

/** Times in milliseconds since 1970. */
export interface PruneQuery {
  /** What has an expiry of its own goes when that is not after `now`. */
  readonly now: number;
  /** All others go when they ended before this. */
  readonly endedBefore: number;
  readonly limit: number;
}

/** A filter that a worker offered in this history, by name or name@version. */
export interface StoredOffer {
  readonly key: string;
  readonly kind: OfferedFilter["kind"];
}

export interface Opened {
  /** Made with the store and kept with it; fresh at every start for memory. */
  readonly historyId: string;
  /** How often this store was opened, this time included: the first half of an event's number. */
  readonly boot: number;
  /** Executions that have not ended, oldest first. */
  readonly live: readonly StoredExecution[];
  /** What `rememberOffers` was given in this history, oldest first. */
  readonly offered: readonly StoredOffer[];
}

/**
 * Where executions are kept. All answers come by callback, so that the memory store answers at once and a write
 * costs no turn of the event loop there.
 */
export interface Store {
  open(): Promise<Opened>;
  /**
   * Durable when it answers. Writes handed over together, and while an earlier commit is under way, share one sync;
   * the answers come in the order of the writes. A write that fails changes nothing, and spoils no other. Only the syncing
   * of a bare `started` may wait for the next write's: a killed process loses none, a power cut may. Writes of durability `memory`
   * are answered before this returns, unless they were handed over with others that are not.
   */
  commit(writes: readonly Write[], answer: (answers: readonly WriteAnswer[]) => void): void;
  get(planId: string): Promise<StoredExecution | undefined>;
  /** Rejects with PLAN_UNKNOWN when the execution that `before` names is gone. */
  list(query: ListQuery): Promise<ListPage>;
  /**
   * Removes ended executions whose time has come, oldest first; says how many. It may stop short of `limit`, so that no commit waits
   * long; only 0 means that nothing was left.
   */
  prune(query: PruneQuery): Promise<number>;
  /** Adds these, or says of what kind they are now; keeps the `most` latest. */
  rememberOffers(offers: readonly StoredOffer[], most: number): Promise<void>;
  close(): Promise<void>;
}
