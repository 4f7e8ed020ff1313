import type { CallId, FilterCall } from "../core/filter-call.js";
import { MOST_AHEAD, type Claims } from "./claims.js";
import type { AheadCall } from "./messages.js";

/** The calls that one thread was given ahead of their time, oldest first, which is the order in which it runs them. */
export class CallsAhead {
  readonly #claims: Claims | undefined;
  readonly #calls: AheadCall[] = [];
  /** What the thread runs by now, if that was ahead. */
  #current: AheadCall | undefined;

  /** Without claims none can be given. */
  constructor(claims: Claims | undefined) {
    this.#claims = claims;
  }

  get size(): number {
    return this.#calls.length;
  }

  get oldest(): FilterCall | undefined {
    return this.#calls[0]?.call;
  }

  get newest(): FilterCall | undefined {
    return this.#calls.at(-1)?.call;
  }

  /** A thread that still has half of what it may have is not told of more: several go in one message. */
  get room(): number {
    if (this.#claims === undefined || this.#calls.length > MOST_AHEAD / 2) return 0;
    return MOST_AHEAD - this.#calls.length;
  }

  give(calls: readonly FilterCall[]): AheadCall[] {
    const claims = this.#claims;
    if (claims === undefined) return [];
    const given = calls.map((call) => ({ call, claim: claims.offer() }));
    this.#calls.push(...given);
    return given;
  }

  /** The thread has answered a call: the one that it goes on with. */
  next(): FilterCall | undefined {
    if (this.#current !== undefined) this.#claims?.release(this.#current.claim);
    this.#current = this.#calls.shift();
    return this.#current?.call;
  }

  /** Whether the thread had not begun it. */
  takeBack(call: CallId): boolean {
    const index = this.#calls.findIndex((ahead) => ahead.call.call === call);
    return index !== -1 && this.#takeBackAt(index) !== undefined;
  }

  /** Whether the thread ended before it had begun the call that was its turn. */
  takeBackCurrent(): boolean {
    return this.#current !== undefined && this.#claims?.takeBack(this.#current.claim) === true;
  }

  /** All that the thread has not begun; of those after one call, if that is given. */
  takeBackAll(after?: CallId): FilterCall[] {
    const back: FilterCall[] = [];
    let index = 1 + this.#calls.findIndex(({ call }) => call.call === after);
    while (index < this.#calls.length) {
      const call = this.#takeBackAt(index);
      if (call === undefined) index += 1;
      else back.push(call);
    }
    return back;
  }

  /** The oldest of those that the thread has not begun. */
  takeBackOldest(): FilterCall | undefined {
    for (let index = 0; index < this.#calls.length; index++) {
      const call = this.#takeBackAt(index);
      if (call !== undefined) return call;
    }
    return undefined;
  }

  #takeBackAt(index: number): FilterCall | undefined {
    const ahead = this.#calls[index];
    if (ahead === undefined || !this.#claims?.takeBack(ahead.claim)) return undefined;
    this.#calls.splice(index, 1);
    return ahead.call;
  }
}
