import type {
  Feature,
  Message,
  MessageOf,
  Outcome,
  PlanEvent,
  PlanResult,
  Value,
} from "@planwire/protocol";
import type { Failure } from "./failure.js";

export type Effect =
  | { readonly type: "openSocket"; readonly connection: number }
  | { readonly type: "closeSocket"; readonly connection: number }
  | { readonly type: "send"; readonly connection: number; readonly message: Message }
  /** From now on, write as the coordinator reads it, and nothing larger. */
  | {
      readonly type: "writeFor";
      readonly features: readonly Feature[];
      readonly frameBytes: number;
    }
  /** Answer with wakeAtDone at this time, and at no other; never, when undefined. */
  | { readonly type: "wakeAt"; readonly at: number | undefined }
  /** The first Welcome came. */
  | { readonly type: "connected" }
  /** The session is over for good. */
  | { readonly type: "ended"; readonly failure: Failure }
  // Requests
  | { readonly type: "answer"; readonly ask: number; readonly answer: Answer }
  | { readonly type: "refuse"; readonly ask: number; readonly failure: Failure }
  // Watching
  | { readonly type: "finish"; readonly planId: string; readonly outcome: Outcome }
  | { readonly type: "loseSight"; readonly planId: string; readonly failure: Failure }
  | { readonly type: "feed"; readonly feed: number; readonly event: PlanEvent }
  | { readonly type: "failFeed"; readonly feed: number; readonly failure: Failure }
  // Streams
  /** Ask the source for one chunk, and encode it as this index. */
  | { readonly type: "pullChunk"; readonly streamId: string; readonly index: number }
  /** Send the chunk that was pulled last. */
  | { readonly type: "sendChunk"; readonly connection: number; readonly streamId: string }
  | {
      readonly type: "deliverResult";
      readonly streamId: string;
      readonly value: Value;
      readonly bytes: number;
    }
  | { readonly type: "endStream"; readonly streamId: string; readonly result: PlanResult }
  | { readonly type: "failStream"; readonly streamId: string; readonly failure: Failure };

export type AnswerType =
  | "Accepted"
  | "Got"
  | "CancelAnswer"
  | "Explained"
  | "Workers"
  | "Draining"
  | "Plans"
  | "Watching";
export type Answer = MessageOf<AnswerType>;
