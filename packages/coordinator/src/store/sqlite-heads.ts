import type { ExecutionHead } from "./execution-head.js";
import type { RowAttempt } from "./sqlite-row-attempt.js";

/** Where an execution stands in the file, and its head as the newest write left it. */
export interface KnownHead {
  readonly position: number;
  readonly head: ExecutionHead;
  /** What its row holds of attempts; undefined: none, or they are in tables of their own. */
  readonly attempt: RowAttempt | undefined;
}

/**
 * Heads of executions that go on, those written last. The file has one writer, so a head that was written need not be
 * read again. Whoever rolls a transaction back must `clear`.
 */
export class KnownHeads {
  readonly #most: number;
  readonly #byId = new Map<string, KnownHead>();

  constructor(most: number) {
    this.#most = most;
  }

  get(planId: string): KnownHead | undefined {
    return this.#byId.get(planId);
  }

  /** An ended execution takes no more writes and is let go of; past the bound so is the one written longest ago. */
  written(known: KnownHead): void {
    const { planId, ended } = known.head;
    this.#byId.delete(planId);
    if (ended) return;
    this.#byId.set(planId, known);
    if (this.#byId.size <= this.#most) return;
    const [oldest] = this.#byId.keys();
    if (oldest !== undefined) this.#byId.delete(oldest);
  }

  clear(): void {
    this.#byId.clear();
  }
}
