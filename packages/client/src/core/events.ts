import type { Message, MessageOf, SerializedPlan } from "@planwire/protocol";
import type { Failure } from "./failure.js";

/** Time as the shell reads it: milliseconds that only grow. */
export interface Now {
  readonly mono: number;
}

export type RequestType =
  | "Submit"
  | "Get"
  | "Cancel"
  | "Explain"
  | "ListWorkers"
  | "Drain"
  | "ListPlans";
export type RequestMessage = MessageOf<RequestType>;
/** What users ask for in one message and get answered in one; the core gives it its number. */
export type Question = Unnumbered<
  MessageOf<"Get" | "Cancel" | "Explain" | "ListWorkers" | "Drain" | "ListPlans">
>;
export type Unnumbered<M> = M extends unknown ? Omit<M, "request_id"> : never;

/** Why a socket closed, as far as it is known. */
export interface SocketLoss {
  /** WebSocket close code; 1006 where the connection broke or never was. */
  readonly closeCode: number;
  /** A peer of ours closes with an error code alone. */
  readonly reason: string;
  /** HTTP status that refused the upgrade. */
  readonly status?: number;
  /** What the system said, for people. */
  readonly detail?: string;
}

export type ClientEvent =
  | { readonly type: "connect" }
  | { readonly type: "openSocketDone"; readonly connection: number }
  | ({
      readonly type: "socketClosed";
      readonly connection: number;
      /** 0..1, for the jitter of the next try. */
      readonly random: number;
    } & SocketLoss)
  | {
      readonly type: "received";
      readonly connection: number;
      readonly message: Message;
      /** Length of the frame it came in: what credit counts. */
      readonly bytes: number;
    }
  | {
      readonly type: "brokenReceived";
      readonly connection: number;
      readonly failure: Failure;
      readonly requestId?: number;
      /** It reports an error itself: answered to nobody. */
      readonly isError: boolean;
    }
  /** `random` as above: another try may begin. */
  | { readonly type: "wakeAtDone"; readonly random: number }
  // Requests. `ask` is the shell's own number for whoever waits.
  | { readonly type: "ask"; readonly ask: number; readonly question: Question }
  | {
      readonly type: "submit";
      /** Absent where the plan's id is fresh, and nobody but who waits for its outcome wants to know of a refusal. */
      readonly ask?: number;
      readonly plan: SerializedPlan;
      /** Whoever asks waits for the outcome, and not for the acceptance before it. */
      readonly forOutcome?: boolean;
    }
  /** Nobody waits for this submission's answer any more: what may have been accepted is cancelled. */
  | { readonly type: "abandonSubmit"; readonly ask: number; readonly reason: string }
  /** A message that could not be written: it is too large, or holds what can't travel. */
  | { readonly type: "sendFailed"; readonly message: Message; readonly failure: Failure }
  // Watching
  | { readonly type: "follow"; readonly planId: string }
  | { readonly type: "openFeed"; readonly feed: number; readonly planId: string }
  | { readonly type: "closeFeed"; readonly feed: number; readonly planId: string }
  // Streams
  | {
      readonly type: "openStream";
      readonly streamId: string;
      readonly plan: SerializedPlan;
    }
  /** Answers `pullChunk`: the source gave a chunk; the shell holds it encoded, `bytes` long. */
  | { readonly type: "pullChunkDone"; readonly streamId: string; readonly bytes: number }
  /** Answers `pullChunk`: the source has ended. */
  | { readonly type: "pullChunkEnd"; readonly streamId: string }
  | { readonly type: "resultTaken"; readonly streamId: string; readonly bytes: number }
  | { readonly type: "cancelStream"; readonly streamId: string; readonly reason: string }
  | { readonly type: "close" };
