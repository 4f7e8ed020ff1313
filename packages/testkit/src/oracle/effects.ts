import type { Contact } from "./contact.js";
import type { CallBegan, CallEnd, Fact } from "./facts.js";
import { complain, type Rule } from "./rule.js";

interface Call extends CallBegan {
  readonly at: number;
  end: CallEnd | undefined;
}

/** Each filter runs once for its part, unless its worker died or lost its lease, or its isolate died. */
export class Effects implements Rule {
  readonly #contact: Contact;
  readonly #calls = new Map<string, Call>();
  /** Attempts that lost an isolate: such a part is tried again. */
  readonly #crashed = new Set<string>();
  /** By part and node. */
  readonly #ofNode = new Map<string, Call[]>();

  constructor(contact: Contact) {
    this.#contact = contact;
  }

  see(fact: Fact, mono: number): void {
    if (fact.type === "callEnded") {
      const call = this.#calls.get(fact.call);
      if (call !== undefined) call.end = fact.how;
      if (call !== undefined && fact.how === "crashed") this.#crashed.add(attemptOf(call));
    }
    // Every chunk of a stream is a call of its own.
    if (fact.type !== "callBegan" || fact.partId.startsWith("x-")) return;
    const call: Call = { ...fact, at: mono, end: undefined };
    this.#calls.set(fact.call, call);
    const key = `${fact.partId} ${fact.nodeId}`;
    const before = this.#ofNode.get(key) ?? [];
    this.#ofNode.set(key, [...before, call]);
    for (const earlier of before) {
      if (earlier.attempt === call.attempt)
        complain(
          `${call.nodeId} of ${call.partId} ran twice in attempt ${call.attempt}`,
          planIdOf(call),
        );
      if (this.#crashed.has(attemptOf(earlier))) continue;
      if (this.#contact.wasLostSince(earlier.peer.process, earlier.at, mono)) continue;
      complain(
        `${call.nodeId} of ${call.partId} ran in attempt ${earlier.attempt} on ${earlier.peer.process}, which neither died nor was silent for a lease, and again in attempt ${call.attempt} on ${call.peer.process}`,
        planIdOf(call),
      );
    }
  }
}

function attemptOf({ partId, attempt }: Call): string {
  return `${partId} ${attempt}`;
}

function planIdOf({ partId }: Call): string | undefined {
  return partId.split("/", 1)[0];
}
