import type { Accept, OutcomeHead } from "./execution-head.js";
import type { PackedWrites } from "./sqlite-packed-writes.js";
import type {
  Change,
  ListPage,
  ListQuery,
  Opened,
  PruneQuery,
  StoredAttempt,
  StoredExecution,
  StoredOffer,
  Write,
  WriteAnswer,
} from "./store.js";

// What travels between the store and its thread: plans, results and outcomes as msgpack, the rest as it is.

type TakeResult = Extract<Change, { type: "takeResult" }>;
type Finish = Extract<Change, { type: "finish" }>;

export type EncodedChange =
  | Exclude<Change, Accept | TakeResult | Finish>
  | (Omit<Accept, "plan"> & { readonly plan: Uint8Array })
  | (Omit<TakeResult, "result"> & {
      readonly result: Uint8Array;
      /** What the execution took, when it succeeds in this write with this result as its output. */
      readonly outcomeMs: number | undefined;
    })
  | (Omit<Finish, "outcome"> & {
      readonly outcome: OutcomeHead;
      /** Undefined when a result of this write says it all. */
      readonly encoded: Uint8Array | undefined;
    });

/** As bytes; or what is to be added to the result of a part, which holds the output and the states. */
export type EncodedOutcome =
  | {
      readonly as: "bytes";
      readonly bytes: Uint8Array;
      /** The part whose result holds the output and the states; the outcome's own are empty then. */
      readonly outputOf: string | undefined;
    }
  | {
      readonly as: "result";
      readonly outputOf: string;
      readonly workerId: string | undefined;
      readonly attempts: number;
      readonly durationMs: number;
    };

export interface EncodedWrite extends Omit<Write, "changes"> {
  readonly changes: readonly EncodedChange[];
}

export interface EncodedAttempt extends Omit<StoredAttempt, "result"> {
  readonly result: Uint8Array | undefined;
}

export interface EncodedExecution extends Omit<
  StoredExecution,
  "plan" | "bytes" | "attempts" | "outcome"
> {
  readonly plan: Uint8Array;
  readonly attempts: readonly EncodedAttempt[];
  readonly outcome: EncodedOutcome | undefined;
}

/** Each question that the thread is asked, with its answer. */
export interface Questions {
  /** `live`: the plan ids of executions that have not ended, oldest first. */
  open: { ask: undefined; answer: Omit<Opened, "live"> & { readonly live: readonly string[] } };
  commit: { ask: PackedWrites; answer: readonly WriteAnswer[] };
  get: { ask: readonly string[]; answer: readonly (EncodedExecution | undefined)[] };
  list: { ask: ListQuery; answer: ListPage };
  prune: { ask: PruneQuery; answer: number };
  rememberOffers: {
    ask: { readonly offers: readonly StoredOffer[]; readonly most: number };
    answer: undefined;
  };
  close: { ask: undefined; answer: undefined };
}

export type Topic = keyof Questions;
export type Ask<T extends Topic> = Questions[T]["ask"];
export type Answer<T extends Topic> = Questions[T]["answer"];

export type Question = {
  [T in Topic]: { readonly id: number; readonly topic: T; readonly ask: Ask<T> };
}[Topic];

export type Reply =
  | { readonly id: number; readonly answer: Answer<Topic> }
  | { readonly id: number; readonly error: ReplyError };

/** A PlanwireError in parts: between threads an error keeps its message only. */
export interface ReplyError {
  readonly code: "STORE_UNAVAILABLE" | "PLAN_UNKNOWN";
  readonly message: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;
}
