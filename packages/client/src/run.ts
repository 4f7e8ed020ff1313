import { fromValue } from "@planwire/plan";
import { PlanwireError, type Outcome, type PlanEvent, type SomeError } from "@planwire/protocol";
import { abortable } from "./abortable.js";
import type { Driver } from "./driver.js";
import { errorOf } from "./error-of-failure.js";
import { EventInbox } from "./event-inbox.js";
import type { Ended, OutcomePromise } from "./outcomes.js";
import { runEventOf, type RunEvent } from "./run-events.js";

/** How a run ended. */
export type Settled<O> =
  | { readonly status: "Succeeded"; readonly output: O; readonly durationMs: number }
  | { readonly status: "Failed"; readonly error: SomeError; readonly durationMs: number }
  | { readonly status: "Cancelled"; readonly by: string; readonly durationMs: number };

/** One execution of a plan. It has no `then`: `await pw.submit()` gives the run, not its result. */
export interface Run<O> {
  /** The plan_id, by which `pw.get(id)` finds it again. */
  readonly id: string;
  /**
   * Waits for the output. `signal` only stops the waiting, with the signal's reason.
   * @throws PlanwireError what the run failed with; CANCELLED; PLAN_UNKNOWN when the coordinator lost it; CLOSED
   */
  result(options?: { readonly signal?: AbortSignal }): Promise<O>;
  /** Waits for the end, whichever it is. Throws only where that can't be learnt: PLAN_UNKNOWN, CLOSED. */
  settled(): Promise<Settled<O>>;
  /** The end as it travelled, with tagged values, states, attempts and the worker's id. Throws as `settled` does. */
  outcome(): Promise<Outcome>;
  /**
   * All events that are kept, then those to come, through Finished. Each loop over it gets them from the beginning; one that is slow
   * for long loses the oldest of those that wait for it, and is told by EventsLost.
   */
  events(): AsyncIterable<RunEvent>;
  /** Stops the work, and waits for its end. `tooLate` when it had ended by itself before. */
  cancel(reason?: string): Promise<Settled<O> & { readonly tooLate: boolean }>;
  /** Why it waits, or what it does, in words. */
  explain(): Promise<string>;
}

type Succeeded = Extract<Outcome, { status: "Succeeded" }>;

export interface RunParts<O> {
  readonly driver: Driver;
  readonly id: string;
  readonly outcome: OutcomePromise;
  readonly outputOf: (outcome: Succeeded) => O;
}

// What may throw is async and awaits: so the stack of an error goes on to the caller's lines.
export class SubmittedRun<O> implements Run<O> {
  readonly #parts: RunParts<O>;

  constructor(parts: RunParts<O>) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.id;
  }

  async result({ signal }: { readonly signal?: AbortSignal } = {}): Promise<O> {
    const { id, outcome, outputOf } = this.#parts;
    return resultOf(id, await abortable(outcome, signal), outputOf);
  }

  async settled(): Promise<Settled<O>> {
    const how = await this.#parts.outcome;
    if ("failure" in how) throw errorOf(how.failure);
    const { outcome } = how;
    const durationMs = outcome.duration_ms;
    switch (outcome.status) {
      case "Succeeded":
        return { status: "Succeeded", output: this.#parts.outputOf(outcome), durationMs };
      case "Failed":
        return { status: "Failed", error: errorOf(outcome.error), durationMs };
      case "Cancelled":
        return { status: "Cancelled", by: outcome.by, durationMs };
    }
  }

  async outcome(): Promise<Outcome> {
    const how = await this.#parts.outcome;
    if ("failure" in how) throw errorOf(how.failure);
    return how.outcome;
  }

  events(): AsyncIterable<RunEvent> {
    const { driver, id } = this.#parts;
    return { [Symbol.asyncIterator]: () => eventsOf(driver, id) };
  }

  async cancel(reason?: string): Promise<Settled<O> & { readonly tooLate: boolean }> {
    const because = reason === undefined ? {} : { reason };
    const reply = await this.#parts.driver.ask({ type: "Cancel", plan_id: this.id, ...because });
    if ("failure" in reply) throw errorOf(reply.failure);
    return { ...(await this.settled()), tooLate: !reply.answer.taken };
  }

  async explain(): Promise<string> {
    const reply = await this.#parts.driver.ask({ type: "Explain", plan_id: this.id });
    if ("failure" in reply) throw errorOf(reply.failure);
    const { reasons, state } = reply.answer;
    return reasons.length > 0 ? reasons.join("\n") : `${this.id} is ${state}`;
  }
}

/** The output, or throws why there is none. */
export function resultOf<O>(id: string, how: Ended, outputOf: RunParts<O>["outputOf"]): O {
  if ("failure" in how) throw errorOf(how.failure);
  const { outcome } = how;
  switch (outcome.status) {
    case "Succeeded":
      return outputOf(outcome);
    case "Failed":
      throw errorOf(outcome.error);
    case "Cancelled":
      throw cancelledError(`${id} was cancelled by ${outcome.by}`, outcome.by);
  }
}

// What O and S are, the plan's types know.
export function plainOutput<O>(outcome: Succeeded): O {
  return fromValue(outcome.output) as O;
}

/** What a fit gives: the output, and the states by node id. */
export function outputAndStates<O, S>({ output, states }: Succeeded): { output: O; states: S } {
  const plain = Object.entries(states).map(([id, state]) => [id, fromValue(state)] as const);
  return { output: fromValue(output) as O, states: Object.fromEntries(plain) as S };
}

export function cancelledError(message: string, by: string, cause?: unknown): PlanwireError {
  return new PlanwireError("CANCELLED", message, {
    details: { by },
    ...(cause !== undefined && { cause }),
  });
}

async function* eventsOf(driver: Driver, id: string): AsyncGenerator<RunEvent, void, undefined> {
  const inbox = new EventInbox(driver.limits.maxEvents);
  const close = driver.openFeed(id, inbox);
  try {
    for (let event: PlanEvent | undefined; event?.event.kind !== "Finished";) {
      event = await inbox.next();
      yield runEventOf(event);
    }
  } finally {
    close();
  }
}
