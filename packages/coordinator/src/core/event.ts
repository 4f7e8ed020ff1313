import type {
  ChunkHead,
  ConnectionId,
  ExecutionSummary,
  Message,
  PlanwireError,
  UntypedReply,
} from "@planwire/protocol";
import type { StoredExecution, WriteAnswer } from "../store/store.js";

/** Milliseconds. Leases, timeouts and backoff use `mono`; `wall` (since 1970) is for deadlines and display. */
export interface Now {
  readonly mono: number;
  readonly wall: number;
}

/** What whoever connected may do. */
export interface Scopes {
  readonly worker: boolean;
  readonly client: boolean;
}

/** What the core is told. One that answers an effect is named after it. */
export type CoreEvent =
  /** `sessionId` is random: the core has no chance of its own. */
  | {
      readonly type: "connectionOpened";
      readonly conn: ConnectionId;
      readonly scopes: Scopes;
      readonly sessionId: string;
    }
  | {
      readonly type: "received";
      readonly conn: ConnectionId;
      readonly message: Message | UntypedReply;
      /** It reports an error itself: answered to nobody. */
      readonly isError: boolean;
      /** Its share of the frame that it came in: a batch's members count as equally long. */
      readonly bytes: number;
    }
  /** A message that could not be understood. */
  | {
      readonly type: "receivedBroken";
      readonly conn: ConnectionId;
      readonly error: PlanwireError;
      readonly requestId?: number;
      readonly isError: boolean;
    }
  /** A chunk whose head alone was read. */
  | {
      readonly type: "receivedChunk";
      readonly conn: ConnectionId;
      readonly head: ChunkHead;
      readonly frame: Uint8Array;
    }
  | { readonly type: "connectionClosed"; readonly conn: ConnectionId; readonly reason: string }
  /** More than a little waits in its socket: it reads slowly. Said once until `awaitDrainDone`. */
  | { readonly type: "connectionBlocked"; readonly conn: ConnectionId }
  | { readonly type: "awaitDrainDone"; readonly conn: ConnectionId }
  /** Answers `probe`: a pong came. Any received byte says the same. */
  | { readonly type: "probeDone"; readonly conn: ConnectionId }
  /** A message of ours that could not be written for this peer: too large, or with a value it can't read. */
  | {
      readonly type: "sendFailed";
      readonly conn: ConnectionId;
      readonly message: Message;
      readonly error: PlanwireError;
    }
  | { readonly type: "persistDone"; readonly write: number; readonly answer: WriteAnswer }
  | {
      readonly type: "loadDone";
      readonly load: number;
      readonly execution: StoredExecution | undefined;
    }
  | { readonly type: "loadFailed"; readonly load: number; readonly reason: string }
  | {
      readonly type: "listDone";
      readonly list: number;
      readonly plans: readonly ExecutionSummary[];
      readonly total: number;
    }
  | { readonly type: "listFailed"; readonly list: number; readonly reason: string }
  | { readonly type: "pruneDone"; readonly prune: number; readonly removed: number }
  | { readonly type: "pruneFailed"; readonly prune: number; readonly reason: string }
  | { readonly type: "woken" };
