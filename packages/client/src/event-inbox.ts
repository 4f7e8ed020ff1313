import type { EventNumber, PlanEvent } from "@planwire/protocol";
import type { Failure } from "./core/failure.js";
import type { FeedReader } from "./driver.js";
import { errorOf } from "./error-of-failure.js";

/** Events that wait for a reader. Past the bound the oldest are dropped, and an EventsLost stands for them. */
export class EventInbox implements FeedReader {
  readonly #capacity: number;
  readonly #events: PlanEvent[] = [];
  #lost: { from: EventNumber; to: EventNumber; last: PlanEvent } | undefined;
  #failure: Failure | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  take(event: PlanEvent): void {
    this.#events.push(event);
    if (this.#events.length > this.#capacity) this.#dropOldest();
    this.#wake?.();
  }

  fail(why: Failure): void {
    this.#failure = why;
    this.#wake?.();
  }

  /** The next event, as soon as there is one. */
  async next(): Promise<PlanEvent> {
    for (;;) {
      const event = this.#takeLost() ?? this.#events.shift();
      if (event) return event;
      if (this.#failure) throw errorOf(this.#failure);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #dropOldest(): void {
    const last = this.#events.shift();
    if (!last) return;
    const { event, number } = last;
    const from = event.kind === "EventsLost" ? event.from : number;
    this.#lost = { from: this.#lost?.from ?? from, to: number, last };
  }

  #takeLost(): PlanEvent | undefined {
    if (!this.#lost) return undefined;
    const { from, to, last } = this.#lost;
    this.#lost = undefined;
    return { ...last, event: { kind: "EventsLost", from, to } };
  }
}
