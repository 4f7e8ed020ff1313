import type { Contact } from "./contact.js";
import type { Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Rule } from "./rule.js";

/** Nobody loses a lease who was heard within it: not for the coordinator's own standing still, and not for its restart. */
export class Losses implements Rule {
  readonly #ledger: Ledger;
  readonly #contact: Contact;

  constructor(ledger: Ledger, contact: Contact) {
    this.#ledger = ledger;
    this.#contact = contact;
  }

  see(fact: Fact, mono: number): void {
    if (fact.type !== "landed") return;
    const { planId, changes } = fact.write;
    for (const change of changes) {
      if (change.type !== "lose" || !change.loss.reason.includes("lease")) continue;
      const { partId, attempt } = change;
      const { incarnation, assignedAt } = this.#ledger.attempt(partId, planId, attempt) ?? {};
      if (incarnation === undefined || assignedAt === undefined) continue;
      if (this.#contact.wasLostSince(incarnation, assignedAt, mono)) continue;
      complain(
        `${incarnation} lost ${partId}/${attempt} because ${change.loss.reason}, but it neither died nor was silent for a lease`,
        planId,
      );
    }
  }
}
