import { planOfPart } from "../sim/describe-message.js";
import type { Contact } from "./contact.js";
import { callKeyOf } from "./expectation.js";
import type { CallBegan, CallEnd, Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Rule } from "./rule.js";

const MAY_BE_TRIED_AGAIN: ReadonlySet<CallEnd> = new Set<CallEnd>(["crashed", "failed"]);

/** Each call of a filter is made once for its part, unless the worker of an earlier attempt died or lost its lease, its isolate died, or it failed. */
export class Effects implements Rule {
  readonly #ledger: Ledger;
  readonly #contact: Contact;
  /** By call: its part and attempt. */
  readonly #attemptOf = new Map<string, string>();
  /** Attempts that lost an isolate, or failed: such a part may be tried again. */
  readonly #ended = new Set<string>();
  readonly #forgotten = new Set<string>();
  /** By part, and what is called with what. */
  readonly #calls = new Map<string, CallBegan[]>();

  constructor(ledger: Ledger, contact: Contact) {
    this.#ledger = ledger;
    this.#contact = contact;
  }

  see(fact: Fact, mono: number): void {
    if (fact.type === "callEnded" && MAY_BE_TRIED_AGAIN.has(fact.how)) {
      this.#ended.add(this.#attemptOf.get(fact.call) ?? "");
    }
    if (fact.type === "forgotten") this.#forgotten.add(fact.planId);
    // Every chunk of a stream is a call of its own.
    if (fact.type !== "callBegan" || fact.partId.startsWith("x-")) return;
    this.#attemptOf.set(fact.call, keyOf(fact.partId, fact.attempt));
    const key = `${fact.partId} ${callKeyOf(fact)}`;
    const before = this.#calls.get(key) ?? [];
    this.#calls.set(key, [...before, fact]);
    for (const other of before) this.#judge(other, fact, mono);
  }

  /** What was assigned first may also begin last: its assignment took long to arrive. */
  #judge(one: CallBegan, other: CallBegan, mono: number): void {
    const [earlier, later] = one.attempt <= other.attempt ? [one, other] : [other, one];
    const { partId, nodeId, attempt, peer } = earlier;
    const planId = planOfPart(partId);
    if (this.#forgotten.has(planId)) return;
    if (attempt === later.attempt) return; // calls.ts judges that
    if (this.#ended.has(keyOf(partId, attempt))) return;
    const { assignedAt = 0, lost } = this.#ledger.attempt(partId, planId, attempt) ?? {};
    if (this.#contact.wasLostSince(peer.process, assignedAt, mono)) return;
    // What an old worker answers means what that connection was given, also when it speaks of an earlier one's; that it has answered is
    // judged by old-peers.ts.
    if (peer.kind === "old" && lost !== undefined) return;
    complain(
      `${nodeId} of ${partId} ran in attempt ${attempt} on ${peer.process}, which neither died nor was silent for a lease, and in attempt ${later.attempt} on ${later.peer.process}`,
      planId,
    );
  }
}

function keyOf(partId: string, attempt: number): string {
  return `${partId} ${attempt}`;
}
