import type { Outcome } from "@planwire/protocol";
import type { Failure } from "./core/failure.js";

/** How an execution ended, or why that will not be known here. Not a rejection: nobody may be waiting. */
export type Ended = { readonly outcome: Outcome } | { readonly failure: Failure };
export type OutcomePromise = Promise<Ended>;

interface Waiting {
  readonly promise: OutcomePromise;
  readonly settle: (how: Ended) => void;
}

/** Who waits for the end of which execution. All runs of one execution share a promise while it goes on. */
export class Outcomes {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  of(planId: string): OutcomePromise {
    const known = this.#waiting.get(planId);
    if (known) return known.promise;
    let settle: Waiting["settle"] = () => undefined;
    const promise: OutcomePromise = new Promise((resolve) => (settle = resolve));
    this.#waiting.set(planId, { promise, settle });
    return promise;
  }

  finish(planId: string, outcome: Outcome): void {
    this.#settle(planId, { outcome });
  }

  lose(planId: string, failure: Failure): void {
    this.#settle(planId, { failure });
  }

  #settle(planId: string, how: Ended): void {
    this.#waiting.get(planId)?.settle(how);
    this.#waiting.delete(planId);
  }
}
