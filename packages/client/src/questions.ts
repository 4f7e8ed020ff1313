import type { MessageOf } from "@planwire/protocol";
import type { Answer } from "./core/effects.js";
import type { Failure } from "./core/failure.js";

/** An answer or why there is none. Not a rejection: the error is made where the caller's stack is. */
export type Reply<A> = { readonly answer: A } | { readonly failure: Failure };

interface AnswerTypes {
  Submit: "Accepted";
  Get: "Got";
  Cancel: "CancelAnswer";
  Explain: "Explained";
  ListWorkers: "Workers";
  Drain: "Draining";
  ListPlans: "Plans";
}
export type AnswerTo<Q extends { type: keyof AnswerTypes }> = MessageOf<AnswerTypes[Q["type"]]>;

/** Who waits for the answer to which request. */
export class Questions {
  readonly #waiting = new Map<number, (reply: Reply<Answer>) => void>();
  #last = 0;

  get size(): number {
    return this.#waiting.size;
  }

  open<A extends Answer>(): { ask: number; reply: Promise<Reply<A>> } {
    const ask = ++this.#last;
    const reply = new Promise<Reply<A>>((resolve) => {
      // The core gives a request only the answer that belongs to its type.
      this.#waiting.set(ask, resolve as (reply: Reply<Answer>) => void);
    });
    return { ask, reply };
  }

  answer(ask: number, answer: Answer): void {
    this.#settle(ask, { answer });
  }

  /** Says whether anybody was still waiting. */
  refuse(ask: number, failure: Failure): boolean {
    return this.#settle(ask, { failure });
  }

  #settle(ask: number, reply: Reply<Answer>): boolean {
    const resolve = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    resolve?.(reply);
    return resolve !== undefined;
  }
}
