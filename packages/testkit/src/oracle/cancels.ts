import type { Outcome } from "@planwire/protocol";
import { planOfPart, planOfStream } from "../sim/describe-message.js";
import type { CallBegan, Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Rule } from "./rule.js";

/** How long a cancel may take to arrive at a worker that is in contact. */
const ARRIVES_WITHIN_MS = 8_000;

/** Cancelled and stopped means that nothing of it runs, nor ever will; and a worker that hears of other things hears of the cancel. */
export class Cancels implements Rule {
  readonly #ledger: Ledger;
  readonly #running = new Map<string, CallBegan>();
  /** Plans told to be cancelled and stopped. */
  readonly #stopped = new Set<string>();
  /** Ids of plans that ended with their coordinator: what still runs or begins of one is not the plan's that takes its id. */
  readonly #forgotten = new Set<string>();
  /** By worker process: since when it has heard the coordinator without a longer silence. */
  readonly #inContact = new Map<string, { since: number; last: number }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  see(fact: Fact, mono: number): void {
    switch (fact.type) {
      case "callBegan":
        this.#running.set(fact.call, fact);
        return this.#began(fact, mono);
      case "forgotten":
        this.#forgotten.add(fact.planId);
        return;
      case "callEnded":
        this.#running.delete(fact.call);
        return;
      case "workerHears":
        return this.#heard(fact.peer.process, mono);
      case "coordinatorSays": {
        const { message } = fact;
        if (message.type === "PlanEvent" && message.event.kind === "Finished")
          this.#told(message.plan_id, message.event.outcome);
        if (message.type === "Got" && message.outcome !== undefined)
          this.#told(message.summary.plan_id, message.outcome);
        if (
          message.type === "StreamComplete" &&
          fact.peer?.kind === "client" &&
          message.result.status === "Cancelled" &&
          message.result.stopped === true
        ) {
          this.#mustBeStopped(planOfStream(message.stream_id));
        }
        return;
      }
      default:
        return;
    }
  }

  #told(planId: string, outcome: Outcome): void {
    if (outcome.status === "Cancelled" && outcome.stopped) this.#mustBeStopped(planId);
  }

  #mustBeStopped(planId: string): void {
    if (this.#forgotten.has(planId)) return;
    this.#stopped.add(planId);
    for (const call of this.#running.values()) {
      if (planOfPart(call.partId) === planId)
        complain(
          `${planId} was told to be stopped while ${call.nodeId} of ${call.partId}/${call.attempt} runs on ${call.peer.process}`,
          planId,
        );
    }
  }

  #began(call: CallBegan, mono: number): void {
    const planId = planOfPart(call.partId);
    if (this.#forgotten.has(planId)) return;
    if (this.#stopped.has(planId))
      complain(
        `${call.nodeId} of ${call.partId}/${call.attempt} began on ${call.peer.process} after ${planId} was told to be stopped`,
        planId,
      );
    if (call.peer.kind === "old") return; // it stops for nobody
    const cancelledAt = this.#ledger.plans.get(planId)?.cancelledAt;
    const contact = this.#inContact.get(call.peer.process);
    if (cancelledAt === undefined || contact === undefined) return;
    const since = Math.max(cancelledAt, contact.since);
    if (contact.last - since > ARRIVES_WITHIN_MS)
      complain(
        `${call.nodeId} of ${call.partId}/${call.attempt} began ${Math.round(mono - cancelledAt)} ms after the cancel of ${planId}, on ${call.peer.process}, which was in contact`,
        planId,
      );
  }

  #heard(process: string, mono: number): void {
    const contact = this.#inContact.get(process);
    if (contact === undefined || mono - contact.last > ARRIVES_WITHIN_MS / 2)
      this.#inContact.set(process, { since: mono, last: mono });
    else contact.last = mono;
  }
}
