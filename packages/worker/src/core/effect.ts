import type { Feature, Message, WireError } from "@planwire/protocol";
import type { ConnectionEnd } from "./event.js";
import type { CallId, FilterCall, IsolateKind } from "./filter-call.js";

/** What the core wants done. What answers it is an event of the same name. */
export type Effect =
  | { readonly type: "connect"; readonly connection: number }
  /** Ends the connection after what was sent has gone out. */
  | { readonly type: "disconnect"; readonly reason: string }
  /** What the coordinator announced holds for all that is sent from now on. */
  | { readonly type: "useFeatures"; readonly features: readonly Feature[] }
  | { readonly type: "send"; readonly message: Message }
  /** A message that is encoded already. */
  | { readonly type: "sendFrame"; readonly frame: string | Uint8Array }
  /** A stream frame: behind all control messages, in its own order. */
  | { readonly type: "sendBulk"; readonly frame: Uint8Array }
  | { readonly type: "startCall"; readonly call: FilterCall; readonly isolate: IsolateKind }
  /** Tells the filter to stop; `callDone` still follows. */
  | { readonly type: "abortCall"; readonly call: CallId; readonly isolate: IsolateKind }
  /** Ends the isolate; `callDone` still follows. Never for inline calls. */
  | { readonly type: "killCall"; readonly call: CallId; readonly isolate: IsolateKind }
  | { readonly type: "sampleLoad" }
  /** Replaces the time asked for before. */
  | { readonly type: "wakeAt"; readonly mono: number }
  /** The filters of this offer are registered. */
  | { readonly type: "offerDone"; readonly offer: number }
  | { readonly type: "notify"; readonly event: WorkerLifeEvent }
  /** Nothing is left to do: end. */
  | { readonly type: "leave" };

/** Why a retry alone won't help. `code` is usually an ErrorCode; `path` leads into Register. */
export type Refusal = Readonly<Pick<WireError, "code" | "message" | "path" | "expected" | "hint">>;

/** What the worker tells whoever started it. */
export type WorkerLifeEvent =
  | { readonly type: "connecting"; readonly url: string }
  | { readonly type: "registered"; readonly workerId: string; readonly coordinatorId?: string }
  /** The coordinator does not want this worker: a bad token, a taken id, a Register that it can't read. It tries again all the same. */
  | ({ readonly type: "refused"; readonly retryInMs: number } & Refusal)
  | { readonly type: "lost"; readonly end: ConnectionEnd; readonly retryInMs: number }
  | {
      readonly type: "filterLoadFailed";
      readonly file: string;
      readonly message: string;
      readonly hint: string;
    }
  /** A thread or process that runs filters died. */
  | { readonly type: "isolateCrashed"; readonly reason: string }
  /** A filter did not stop when told to: `killed` with its isolate, or left running (inline). */
  | {
      readonly type: "callStuck";
      readonly planId: string;
      readonly nodeId: string;
      readonly killed: boolean;
    }
  | { readonly type: "draining"; readonly reason: string }
  /** The last event: all results are delivered and the connection is closed. */
  | { readonly type: "drained" };
