import type { AnnouncedLimits, Credit, EventNumber, SerializedPlan } from "@planwire/protocol";
import type { Failure } from "./failure.js";
import type { RequestMessage } from "./events.js";

/** All that the client knows: plain data, changed by `step` alone. */
export interface ClientState {
  readonly settings: Settings;
  readonly session: Session;
  readonly requests: { next: number; readonly pending: Map<number, PendingRequest> };
  /** By plan_id. */
  readonly watches: Map<string, Watched>;
  /** Which plan_id each Watch of this connection that is not answered yet was for. */
  readonly watchRequests: Map<number, string>;
  /** By stream_id. */
  readonly streams: Map<string, ClientStream>;
}

export interface Settings {
  readonly implementation: string;
  readonly version: string;
  readonly features: readonly string[];
  /** How long the first connection may take, all tries together, in milliseconds. */
  readonly firstConnectionMs: number;
  /** How long one try may take, from opening the socket to Welcome. */
  readonly handshakeMs: number;
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** Requests without an answer. Beyond: QUEUE_FULL. */
  readonly maxRequests: number;
  readonly maxStreams: number;
  /** Results of one stream that may be under way or waiting to be taken. */
  readonly resultWindow: Credit;
}

export interface Session {
  phase: Phase;
  /** Number of the newest connection; each try has its own. */
  lastConnection: number;
  /** Tries that failed in a row. */
  failedTries: number;
  /** Until the first Welcome: when to give up. */
  giveUpAt: number | undefined;
  historyId: string | undefined;
  /** What the shell was last told. */
  wakeAt: number | undefined;
}

export type Phase =
  | { readonly name: "idle" }
  | { readonly name: "opening"; readonly connection: number; readonly until: number }
  | { readonly name: "greeting"; readonly connection: number; readonly until: number }
  | { readonly name: "ready"; readonly connection: number; readonly limits: AnnouncedLimits }
  | { readonly name: "waiting"; readonly until: number }
  | { readonly name: "ended"; readonly failure: Failure };

export interface PendingRequest {
  readonly message: RequestMessage;
  readonly purpose:
    | { readonly kind: "ask"; readonly ask: number }
    | { readonly kind: "submit"; readonly ask: number }
    /** The answer concerns nobody. */
    | { readonly kind: "forget" };
  /** It may have arrived, on this connection or an earlier one. */
  wasSent: boolean;
}

export interface Watched {
  readonly planId: string;
  /** The history it was accepted in; undefined while its submission is not answered. */
  historyId: string | undefined;
  /** Submissions under this id without an answer. */
  submitting: number;
  /** Somebody waits for its outcome: who follows it, or whose submission was accepted. */
  followed: boolean;
  /** Its newest Watch, while that is not answered. */
  requestId: number | undefined;
  feeds: Feed[];
}

/** One reader of an execution's events. */
export interface Feed {
  readonly feed: number;
  /** Its Watch was answered. What came before belongs to an earlier one, and would hide what this one is to be told again. */
  begun: boolean;
  /** The newest event it got. */
  last: EventNumber | undefined;
}

export interface ClientStream {
  readonly streamId: string;
  readonly plan: SerializedPlan;
  phase: "unsent" | "begun" | "flowing" | "cancelling";
  readonly input: {
    sent: Credit;
    granted: Credit;
    /** The source was asked for a chunk. */
    pulling: boolean;
    /** Length of a chunk that waits for credit. */
    waiting: number | undefined;
    ended: boolean;
  };
  readonly results: { received: Credit; taken: Credit; granted: Credit };
}

export function createState(settings: Settings): ClientState {
  return {
    settings,
    session: {
      phase: { name: "idle" },
      lastConnection: 0,
      failedTries: 0,
      giveUpAt: undefined,
      historyId: undefined,
      wakeAt: undefined,
    },
    requests: { next: 1, pending: new Map() },
    watches: new Map(),
    watchRequests: new Map(),
    streams: new Map(),
  };
}

/** Whether anything is under way that somebody may wait for. */
export function isBusy(state: ClientState): boolean {
  return state.requests.pending.size > 0 || state.watches.size > 0 || state.streams.size > 0;
}
