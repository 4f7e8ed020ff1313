import type { FilterCall } from "../core/filter-call.js";
import { CallsAhead } from "./calls-ahead.js";
import type { Claims } from "./claims.js";
import type { FromIsolate, ToIsolate } from "./messages.js";

/** A thread or process as the pool sees it. */
export interface Isolate {
  /** Memory that it shares with the pool: without it, it is given no calls ahead. */
  readonly claims?: Claims;
  post(message: ToIsolate): void;
  /** Ends it, whatever it does; `ended` follows. */
  kill(): void;
}

export interface IsolateEvents {
  message(message: FromIsolate): void;
  /** Told once, after the last message. */
  ended(reason: string): void;
}

export type StartIsolate = (events: IsolateEvents) => Isolate;

/**
 * Beyond this a call is long. Who ran one is given none ahead, and who runs one loses those that it has, as soon as another member can take
 * them. Less would hold a busy link against its threads: an answer waits until the link comes to it.
 */
const LONG_MS = 5;

/** An isolate of the pool, and what it has to do. */
export class Member {
  readonly isolate: Isolate;
  readonly ahead: CallsAhead;
  phase: "loading" | "idle" | "busy" | "ended" = "loading";
  killed = false;
  #call: FilterCall | undefined;
  #since = -Infinity;

  constructor(isolate: Isolate) {
    this.isolate = isolate;
    this.ahead = new CallsAhead(isolate.claims);
  }

  /** What it runs, as far as it has told. */
  get call(): FilterCall | undefined {
    return this.#call;
  }

  isAtLongCall(now: number): boolean {
    return now - this.#since > LONG_MS;
  }

  begin(call: FilterCall, now: number): void {
    this.phase = "busy";
    this.#call = call;
    this.#since = now;
    this.isolate.post({ type: "call", call });
  }

  /** It has answered, and goes on by itself with what it has ahead. */
  goOn(now: number): void {
    this.#call = this.ahead.next();
    this.#since = now;
  }

  giveAhead(calls: readonly FilterCall[]): void {
    this.isolate.post({ type: "ahead", calls: this.ahead.give(calls) });
  }
}
