import type { CallBegan, Fact } from "./facts.js";
import { complain, type Rule } from "./rule.js";

/** No worker runs more parts and streams at a time than it has slots, also while what was stopped has not stopped. */
export class Slots implements Rule {
  readonly #slots = new Map<string, number>();
  readonly #running = new Map<string, CallBegan>();

  see(fact: Fact): void {
    if (fact.type === "workerStarted") this.#slots.set(fact.peer.process, fact.slots);
    if (fact.type === "callEnded") this.#running.delete(fact.call);
    // What an old worker may be given at a time is judged by what it was given: it goes on with what nobody waits for.
    if (fact.type !== "callBegan" || fact.peer.kind === "old") return;
    this.#running.set(fact.call, fact);
    const { process } = fact.peer;
    const parts = new Set<string>();
    for (const call of this.#running.values()) {
      if (call.peer.process === process) parts.add(`${call.partId}/${call.attempt}`);
    }
    const slots = this.#slots.get(process) ?? 0;
    if (parts.size > slots)
      complain(
        `${process} has ${slots} slots and runs ${[...parts].join(", ")}`,
        fact.partId.split("/", 1)[0],
      );
  }

  /** Ids of the plans of which a filter runs now. */
  running(): ReadonlySet<string> {
    return new Set(
      [...this.#running.values()].map(({ partId }) => partId.split("/", 1)[0] ?? partId),
    );
  }
}
