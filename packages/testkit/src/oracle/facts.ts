import type { StoredExecution, Write } from "@planwire/coordinator/core";
import type {
  Message,
  Outcome,
  PlanEvent,
  PlanResult,
  SerializedPlan,
  Value,
} from "@planwire/protocol";

/**
 * Somebody at the other end of a coordinator's connection. `process` is fresh for each start; of an `old` worker, one of the inherited wire, for
 * each connection, since nothing else tells its assignments apart.
 */
export interface Peer {
  readonly kind: "worker" | "client" | "old";
  readonly name: string;
  readonly process: string;
}

/** What can be seen from outside: what was said, what was told, what ran, what the disk held. The oracle knows nothing else. */
export type Fact =
  | { readonly type: "coordinatorStarted" }
  | { readonly type: "coordinatorDied" }
  /** What the disk has of plans that go on, when a coordinator starts. */
  | { readonly type: "diskOpened"; readonly live: readonly StoredExecution[] }
  | { readonly type: "coordinatorPaused"; readonly ms: number }
  /** A message leaves the core for a connection; `peer` is undefined before it said who it is. */
  | { readonly type: "coordinatorSays"; readonly peer: Peer | undefined; readonly message: Message }
  | { readonly type: "coordinatorHears"; readonly peer: Peer; readonly message: Message }
  /** The coordinator learns that an old worker's connection is gone, or ends it. */
  | { readonly type: "oldConnectionEnded"; readonly peer: Peer }
  /** The coordinator hands a write to its store, perhaps again. */
  | { readonly type: "handedOver"; readonly write: Write }
  | { readonly type: "landed"; readonly write: Write }
  /** A plan has left its coordinator: it asked for no more than memory, and that is gone; or another coordinator has it, as ours was told. */
  | { readonly type: "forgotten"; readonly planId: string }
  | { readonly type: "workerStarted"; readonly peer: Peer; readonly slots: number }
  | { readonly type: "workerDied"; readonly peer: Peer }
  | { readonly type: "workerSays"; readonly peer: Peer; readonly message: Message }
  | { readonly type: "workerHears"; readonly peer: Peer; readonly message: Message }
  /** A peer of the coordinator says what it has said before. */
  | { readonly type: "saysAgain"; readonly process: string; readonly message: Message }
  | CallBegan
  | { readonly type: "callEnded"; readonly call: string; readonly how: CallEnd }
  | { readonly type: "clientStarted"; readonly peer: Peer }
  | { readonly type: "clientDied"; readonly peer: Peer }
  | {
      readonly type: "clientSubmits";
      readonly peer: Peer;
      /** Absent in a run, which waits for its outcome alone: a refusal comes in that one's place. */
      readonly ask?: number;
      readonly plan: SerializedPlan;
      readonly content: string;
    }
  | {
      readonly type: "clientCancels";
      readonly peer: Peer;
      readonly ask: number;
      readonly planId: string;
    }
  | { readonly type: "clientDrains"; readonly peer: Peer; readonly ask: number }
  | { readonly type: "clientFollows"; readonly peer: Peer; readonly planId: string }
  | {
      readonly type: "clientGets";
      readonly peer: Peer;
      readonly ask: number;
      readonly planId: string;
    }
  | {
      readonly type: "clientAnswered";
      readonly peer: Peer;
      readonly ask: number;
      readonly answer: Message;
    }
  | {
      readonly type: "clientRefused";
      readonly peer: Peer;
      readonly ask: number;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: "clientToldOutcome";
      readonly peer: Peer;
      readonly planId: string;
      readonly outcome: Outcome;
    }
  | {
      readonly type: "clientLostSight";
      readonly peer: Peer;
      readonly planId: string;
      readonly code: string;
    }
  | {
      readonly type: "feedOpened";
      readonly peer: Peer;
      readonly feed: number;
      readonly planId: string;
    }
  | {
      readonly type: "feedTold";
      readonly peer: Peer;
      readonly feed: number;
      readonly event: PlanEvent;
    }
  | {
      readonly type: "feedFailed";
      readonly peer: Peer;
      readonly feed: number;
      readonly code: string;
    }
  | {
      readonly type: "streamOpened";
      readonly peer: Peer;
      readonly streamId: string;
      readonly plan: SerializedPlan;
      readonly chunks: number;
    }
  | {
      readonly type: "chunkSent";
      readonly peer: Peer;
      readonly streamId: string;
      readonly index: number;
      readonly value: Value;
    }
  | {
      readonly type: "resultDelivered";
      readonly peer: Peer;
      readonly streamId: string;
      readonly value: Value;
    }
  | { readonly type: "streamCancelled"; readonly peer: Peer; readonly streamId: string }
  | {
      readonly type: "streamEnded";
      readonly peer: Peer;
      readonly streamId: string;
      readonly result: PlanResult;
    }
  | {
      readonly type: "streamFailed";
      readonly peer: Peer;
      readonly streamId: string;
      readonly code: string;
    }
  /** A message of one of ours that another one of ours could not read. */
  | { readonly type: "notUnderstood"; readonly by: string; readonly why: string }
  /** From here on nothing goes wrong any more. */
  | { readonly type: "calm" };

export interface CallBegan {
  readonly type: "callBegan";
  /** Unique in the story. */
  readonly call: string;
  readonly peer: Peer;
  readonly partId: string;
  readonly attempt: number;
  readonly nodeId: string;
  readonly filter: string;
  readonly op: "fit" | "forward";
  readonly input: Value;
  /** That a forward runs with. */
  readonly state: Value | undefined;
  /** Labels of a fit. */
  readonly y: Value | undefined;
}

/** `stopped`: it was told to, and did; `killed` with its isolate; `died` with its worker. */
export type CallEnd = "done" | "failed" | "stopped" | "crashed" | "killed" | "died";
