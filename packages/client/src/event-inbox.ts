import type { PlanEvent } from "@planwire/protocol";
import type { Failure } from "./core/failure.js";
import type { FeedReader } from "./driver.js";
import { errorOf } from "./error-of-failure.js";

/**
 * Events that wait for a reader. Of what workers told, the oldest are dropped past the bound, and an EventsLost stands in their place. All
 * others are as few as a plan's attempts, and stay.
 */
export class EventInbox implements FeedReader {
  readonly #capacity: number;
  readonly #events: PlanEvent[] = [];
  /** Of #events, those that workers told. */
  #told = 0;
  #failure: Failure | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  take(event: PlanEvent): void {
    this.#events.push(event);
    if (isTold(event)) this.#told += 1;
    if (this.#told > this.#capacity) this.#dropOldest();
    this.#wake?.();
  }

  fail(why: Failure): void {
    this.#failure = why;
    this.#wake?.();
  }

  /** The next event, as soon as there is one. */
  async next(): Promise<PlanEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event) {
        if (isTold(event)) this.#told -= 1;
        return event;
      }
      if (this.#failure) throw errorOf(this.#failure);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** What was lost just before it is one gap with it. */
  #dropOldest(): void {
    const index = this.#events.findIndex(isTold);
    const dropped = this.#events[index];
    if (!dropped) return;
    this.#told -= 1;
    const { number: to } = dropped;
    const before = this.#events[index - 1]?.event;
    const isOneGap = before?.kind === "EventsLost";
    const gap = { kind: "EventsLost", from: isOneGap ? before.from : to, to } as const;
    const first = isOneGap ? index - 1 : index;
    this.#events.splice(first, index + 1 - first, { ...dropped, event: gap });
  }
}

function isTold({ event }: PlanEvent): boolean {
  return event.kind === "Worker";
}
