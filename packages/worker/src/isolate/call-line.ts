import type { CallId, CallOutcome, FilterCall } from "../core/filter-call.js";
import { claim, MOST_AHEAD } from "./claims.js";
import type { AheadCall } from "./messages.js";

/** What a thread of the pool has to run: one call at a time, in the order given. An answer leaves before the next call begins. */
export class CallLine {
  readonly #cells: Int32Array | undefined;
  readonly #run: (call: FilterCall) => Promise<void>;
  readonly #answer: (call: FilterCall, outcome: CallOutcome) => void;
  readonly #line: (AheadCall | { readonly call: FilterCall; readonly claim?: undefined })[] = [];
  #running = false;

  constructor(
    cells: Int32Array | undefined,
    run: (call: FilterCall) => Promise<void>,
    answer: (call: FilterCall, outcome: CallOutcome) => void,
  ) {
    this.#cells = cells;
    this.#run = run;
    this.#answer = answer;
  }

  give(calls: readonly (AheadCall | { readonly call: FilterCall })[]): void {
    this.#line.push(...calls);
    // A rejection is a mistake of ours: unhandled, it ends this isolate, and the pool tells.
    if (!this.#running) void this.#work();
  }

  /** Whether the call had not begun: it won't. */
  drop(call: CallId): boolean {
    const index = this.#line.findIndex((waiting) => waiting.call.call === call);
    const waiting = this.#line[index];
    if (waiting === undefined) return false;
    this.#line.splice(index, 1);
    if (this.#isMine(waiting.claim)) this.#answer(waiting.call, { status: "dropped" });
    return true;
  }

  async #work(): Promise<void> {
    this.#running = true;
    let inARow = 0;
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      if (!this.#isMine(next.claim)) continue;
      await this.#run(next.call);
      inARow += 1;
      // Short calls would keep this thread from its timers, sockets and messages for as long as there are more.
      if (inARow % MOST_AHEAD === 0 && this.#line.length > 0) await nextTurn();
    }
    this.#running = false;
  }

  #isMine(offer: AheadCall["claim"] | undefined): boolean {
    if (offer === undefined) return true;
    return this.#cells !== undefined && claim(this.#cells, offer);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
