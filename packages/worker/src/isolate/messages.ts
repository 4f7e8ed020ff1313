import type { Cause } from "@planwire/protocol";
import type {
  CallId,
  CallOutcome,
  CallReport,
  FilterCall,
  FilterOffer,
} from "../core/filter-call.js";

/** What the link says to a thread or process that runs filters. */
export type ToIsolate =
  | { readonly type: "call"; readonly call: FilterCall }
  | { readonly type: "abort"; readonly call: CallId };

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
