import type { Message } from "@planwire/protocol";
import type { Contact } from "./contact.js";
import type { Fact, Peer } from "./facts.js";
import { complain, type Rule } from "./rule.js";

/** So long after it was sent away a worker may still get what had been given to it, and waited for the disk. */
const UNDER_WAY_MS = 5_000;

/** A worker that a client has sent away gets no new work of that coordinator, whatever connection it comes by, as long as its lease holds. */
export class Drains implements Rule {
  readonly #contact: Contact;
  /** By worker id: the process that was last let in. */
  readonly #processes = new Map<string, string>();
  /** By process: since when it has been sent away. */
  readonly #sentAway = new Map<string, number>();

  constructor(contact: Contact) {
    this.#contact = contact;
  }

  see(fact: Fact, mono: number): void {
    if (fact.type === "coordinatorStarted") {
      this.#processes.clear();
      this.#sentAway.clear();
    }
    if (fact.type === "coordinatorSays" && fact.peer !== undefined)
      this.#said(fact.peer, fact.message, mono);
  }

  #said({ process }: Peer, message: Message, mono: number): void {
    switch (message.type) {
      case "Registered":
        this.#processes.set(message.worker_id, process);
        return;
      case "Draining": {
        const worker = this.#processes.get(message.worker_id);
        if (worker !== undefined && !this.#sentAway.has(worker)) this.#sentAway.set(worker, mono);
        return;
      }
      case "AssignPlan":
      case "StreamBegin":
        return this.#given(process, message.plan.plan_id, mono);
      default:
        return;
    }
  }

  #given(process: string, partId: string, mono: number): void {
    const since = this.#sentAway.get(process);
    if (since === undefined || mono - since < UNDER_WAY_MS) return;
    if (this.#contact.wasLostSince(process, since, mono)) return;
    complain(`${partId} was given to ${process} after a client had sent that away`);
  }
}
