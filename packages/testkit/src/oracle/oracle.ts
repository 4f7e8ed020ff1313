import { Calls } from "./calls.js";
import { Cancels } from "./cancels.js";
import { Clients } from "./clients.js";
import { Contact } from "./contact.js";
import { Drains } from "./drains.js";
import { Durability } from "./durability.js";
import { Effects } from "./effects.js";
import type { Fact } from "./facts.js";
import { Feeds } from "./feeds.js";
import { Ledger } from "./ledger.js";
import { Losses } from "./losses.js";
import { OldPeers } from "./old-peers.js";
import { Outcomes } from "./outcomes.js";
import { Policies } from "./policies.js";
import { Results } from "./results.js";
import { complain, type Owed, type Rule } from "./rule.js";
import { Slots } from "./slots.js";
import { Streams } from "./streams.js";
import { Submissions } from "./submissions.js";

/** Judges a story by what can be seen from outside. `see` throws a Complaint. */
export class Oracle {
  readonly ledger = new Ledger();
  readonly clients: Clients;
  readonly #contact: Contact;
  readonly #oldPeers = new OldPeers(this.ledger);
  readonly #slots = new Slots();
  readonly #rules: readonly Rule[];

  constructor(leaseMs: number) {
    this.#contact = new Contact(leaseMs);
    this.clients = new Clients(this.ledger);
    this.#rules = [
      new Submissions(),
      new Durability(this.ledger),
      this.#oldPeers,
      new Results(this.#oldPeers),
      new Losses(this.ledger, this.#contact),
      new Calls(this.ledger, this.#oldPeers),
      new Effects(this.ledger, this.#contact),
      this.#slots,
      new Drains(this.#contact),
      new Cancels(this.ledger),
      this.clients,
      new Outcomes(this.ledger, this.#oldPeers),
      new Policies(this.ledger),
      new Feeds(this.ledger),
      new Streams(),
    ];
  }

  see(seen: Fact, mono: number): void {
    const fact = this.#resolved(seen);
    if (fact.type === "notUnderstood") complain(`${fact.by} did not understand: ${fact.why}`);
    if (fact.type === "handedOver") this.ledger.handOver(fact.write, mono);
    if (fact.type === "landed") this.ledger.land(fact.write, mono);
    if (fact.type === "diskOpened") this.ledger.find(fact.live);
    if (fact.type === "forgotten") this.ledger.plans.delete(fact.planId);
    this.#contact.see(fact, mono);
    for (const rule of this.#rules) rule.see(fact, mono);
  }

  #resolved(fact: Fact): Fact {
    if (fact.type !== "callBegan" || fact.peer.kind !== "old") return fact;
    return {
      ...fact,
      attempt: this.#oldPeers.attemptOf(fact.peer, fact.partId, fact.attempt) ?? 0,
    };
  }

  owed(): Owed[] {
    return this.#rules.flatMap((rule) => rule.owed?.() ?? []);
  }

  /** Ids of the plans of which a filter runs now. */
  running(): ReadonlySet<string> {
    return this.#slots.running();
  }

  atRest(): void {
    for (const rule of this.#rules) rule.atRest?.();
  }
}
