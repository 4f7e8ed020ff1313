import { isDeepStrictEqual } from "node:util";
import type { Outcome } from "@planwire/protocol";
import type { Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Owed, type Rule } from "./rule.js";

interface Ask {
  readonly client: string;
  /** Undefined where it asks about a worker. */
  readonly planId: string | undefined;
  readonly what: string;
}

/** Every question is answered once; every acceptance is followed by one end, the same for everybody; one id means one content. */
export class Clients implements Rule {
  readonly #ledger: Ledger;
  /** By client process and number: questions without an answer. */
  readonly #open = new Map<string, Ask>();
  readonly #contentAsked = new Map<string, string>();
  /** By plan: what was accepted. */
  readonly #content = new Map<string, string>();
  /** Plans that began anew: an answer on its way may be about the earlier one. */
  readonly #forgotten = new Set<string>();
  readonly accepted = new Set<string>();
  readonly #outcomes = new Map<string, Outcome>();
  /** By client process: plans whose end it waits for. */
  readonly #waits = new Map<string, Set<string>>();
  /** By client process, plan and code: errors that coordinators have told. */
  readonly #errors = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  see(fact: Fact): void {
    switch (fact.type) {
      case "clientSubmits": {
        const { peer, ask, plan, content } = fact;
        if (ask === undefined) return void this.#waitsOf(peer.process).add(plan.plan_id);
        this.#ask(peer.process, ask, plan.plan_id, "Submit");
        this.#contentAsked.set(keyOf(peer.process, ask), content);
        return;
      }
      case "coordinatorSays":
        return this.#said(fact);
      case "clientCancels":
        return this.#ask(fact.peer.process, fact.ask, fact.planId, "Cancel");
      case "clientGets":
        return this.#ask(fact.peer.process, fact.ask, fact.planId, "Get");
      case "clientDrains":
        return this.#ask(fact.peer.process, fact.ask, undefined, "Drain");
      case "clientFollows":
        this.#waitsOf(fact.peer.process).add(fact.planId);
        return;
      case "forgotten":
        this.accepted.delete(fact.planId);
        this.#content.delete(fact.planId);
        this.#outcomes.delete(fact.planId);
        this.#forgotten.add(fact.planId);
        return;
      case "clientAnswered":
        return this.#answered(fact);
      case "clientRefused":
        return this.#refused(fact);
      case "clientToldOutcome":
        this.#told(fact.peer.process, fact.planId);
        return this.#ended(fact.planId, fact.outcome);
      case "clientLostSight":
        this.#told(fact.peer.process, fact.planId);
        return this.#lostSight(fact);
      case "clientDied":
        this.#waits.delete(fact.peer.process);
        for (const [key, { client }] of this.#open)
          if (client === fact.peer.process) this.#open.delete(key);
        return;
      default:
        return;
    }
  }

  owed(): Owed[] {
    return [
      ...[...this.#open.values()].map(({ client, planId, what }) => ({
        what: `${client} has no answer to its ${what} of ${planId ?? "a worker"}`,
        planId,
      })),
      ...[...this.#waits].flatMap(([client, plans]) =>
        [...plans].map((planId) => ({
          what: `${client} was not told how ${planId} ended`,
          planId,
        })),
      ),
      ...[...this.accepted].flatMap((planId) =>
        this.#ledger.plans.get(planId)?.outcome === undefined
          ? [{ what: `${planId} was accepted and has not ended`, planId }]
          : [],
      ),
    ];
  }

  #ask(client: string, ask: number, planId: string | undefined, what: string): void {
    this.#open.set(keyOf(client, ask), { client, planId, what });
  }

  #said({ peer, message }: Extract<Fact, { type: "coordinatorSays" }>): void {
    if (peer?.kind !== "client" || message.type !== "Error") return;
    this.#errors.add(keyOf(peer.process, `${message.plan_id} ${message.code}`));
  }

  /** Whose submission is not answered yet may be told what became of an earlier one of that id. */
  #told(client: string, planId: string): void {
    if (this.#waitsOf(client).delete(planId)) return;
    const isSubmitting = [...this.#open.values()].some(
      (ask) => ask.what === "Submit" && ask.client === client && ask.planId === planId,
    );
    if (!isSubmitting) complain(`${client} was told once more what became of ${planId}`, planId);
  }

  /** A client gives nothing up by itself: some coordinator has said so. */
  #lostSight({ peer, planId, code }: Extract<Fact, { type: "clientLostSight" }>): void {
    if (!this.#errors.has(keyOf(peer.process, `${planId} ${code}`)))
      complain(`${peer.process} was told ${code} of ${planId}, which nobody had said`, planId);
  }

  #answered({ peer, ask, answer }: Extract<Fact, { type: "clientAnswered" }>): void {
    const key = keyOf(peer.process, ask);
    const asked = this.#open.get(key);
    if (asked === undefined) complain(`${peer.process} was answered twice`);
    this.#open.delete(key);
    const { planId } = asked;
    if (planId === undefined) return;
    if (answer.type === "Accepted") {
      const content = this.#contentAsked.get(key) ?? "";
      const before = this.#content.get(planId) ?? content;
      if (before !== content && !this.#forgotten.has(planId))
        complain(`${planId} was accepted with two contents`, planId);
      this.#content.set(planId, content);
      // A coordinator that has died since may have taken the plan with it, and its word still have come.
      if (this.#ledger.plans.has(planId)) this.accepted.add(planId);
      this.#waitsOf(peer.process).add(planId);
    }
    if (answer.type === "Got" && answer.outcome !== undefined) this.#ended(planId, answer.outcome);
  }

  #refused({ peer, ask, code }: Extract<Fact, { type: "clientRefused" }>): void {
    const key = keyOf(peer.process, ask);
    const asked = this.#open.get(key);
    if (asked === undefined) complain(`${peer.process} was answered twice`);
    this.#open.delete(key);
    const { planId, what } = asked;
    if (planId === undefined) return;
    if (what !== "Submit" || code !== "PLAN_ID_CONFLICT") return;
    if (this.#forgotten.has(planId)) return;
    if (this.#content.get(planId) === this.#contentAsked.get(key))
      complain(`${planId} was called a conflict with itself`, planId);
  }

  #ended(planId: string, outcome: Outcome): void {
    if (this.#forgotten.has(planId)) return;
    const before = this.#outcomes.get(planId);
    if (before !== undefined && !isDeepStrictEqual(before, outcome))
      complain(`${planId} ended twice: ${before.status}, and ${outcome.status}`, planId);
    this.#outcomes.set(planId, outcome);
  }

  #waitsOf(client: string): Set<string> {
    const known = this.#waits.get(client) ?? new Set();
    this.#waits.set(client, known);
    return known;
  }
}

function keyOf(client: string, about: number | string): string {
  return `${client} ${about}`;
}
