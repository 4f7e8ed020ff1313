import type { WorkerLifeEvent } from "../core/effect.js";
import type { CallId, CallReport, FilterOffer } from "../core/filter-call.js";
import type { Settings } from "../core/settings.js";
import type { LoadFailure } from "../isolate/messages.js";
import type { PackedCall, PackedOutcome } from "./packed.js";

/** What the link thread is started with. */
export interface LinkOptions {
  readonly settings: Settings;
  readonly token: string | undefined;
  /** Filter modules, as file URLs. */
  readonly files: readonly string[];
  /** Filters that the main thread has from the start. */
  readonly inline: readonly FilterOffer[];
  readonly tags: readonly string[];
  readonly threads: number;
}

/** From the main thread to the link. */
export type ToLink =
  | { readonly type: "inlineLoaded"; readonly failures: readonly LoadFailure[] }
  | { readonly type: "offer"; readonly offer: number; readonly filters: readonly FilterOffer[] }
  | { readonly type: "report"; readonly report: CallReport }
  | PackedOutcome
  /** Answers `areYouThere`. */
  | { readonly type: "here" }
  | { readonly type: "drain"; readonly reason: string }
  | { readonly type: "close" };

/** From the link to the main thread. */
export type FromLink =
  /** These modules hold inline filters: load them there, too. */
  | { readonly type: "loadInline"; readonly files: readonly string[] }
  /** Loaded and connecting. `keys` are the filters of files. */
  | { readonly type: "ready"; readonly keys: readonly string[] }
  | { readonly type: "loadFailed"; readonly failures: readonly LoadFailure[] }
  | PackedCall
  | { readonly type: "abort"; readonly call: CallId }
  | { readonly type: "offerDone"; readonly offer: number }
  | { readonly type: "areYouThere" }
  | { readonly type: "notify"; readonly event: WorkerLifeEvent };
