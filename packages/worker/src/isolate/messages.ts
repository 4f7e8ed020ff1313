import type { Cause } from "@planwire/protocol";
import type {
  CallId,
  CallOutcome,
  CallReport,
  FilterCall,
  FilterOffer,
} from "../core/filter-call.js";
import type { Claim } from "./claims.js";

/** What the link says to a thread or process that runs filters. A `call` comes when it runs none, calls `ahead` to a thread that runs one. */
export type ToIsolate =
  | { readonly type: "call"; readonly call: FilterCall }
  | { readonly type: "ahead"; readonly calls: readonly AheadCall[] }
  | { readonly type: "abort"; readonly call: CallId };

/** A call that is to be run after those before it, unless the pool has taken it back. */
export interface AheadCall {
  readonly call: FilterCall;
  readonly claim: Claim;
}

/** What it answers. `loaded` is the first message, `done` answers each call once. */
export type FromIsolate =
  | { readonly type: "loaded"; readonly loaded: Loaded }
  | { readonly type: "report"; readonly report: CallReport }
  | { readonly type: "done"; readonly call: CallId; readonly outcome: CallOutcome };

/** What came of loading filter modules. With a failure nothing of it is used. */
export interface Loaded {
  readonly filters: readonly FileFilter[];
  readonly failures: readonly LoadFailure[];
}

/** A filter and the module (a file URL) that exports it. */
export interface FileFilter {
  readonly offer: FilterOffer;
  readonly file: string;
}

/** Becomes FILTER_LOAD_FAILED. */
export interface LoadFailure {
  readonly file: string;
  readonly message: string;
  readonly hint: string;
  readonly cause?: Cause;
}
