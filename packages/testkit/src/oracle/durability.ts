import { isDeepStrictEqual } from "node:util";
import type { Message } from "@planwire/protocol";
import { planOfPart, planOfStream } from "../sim/describe-message.js";
import type { Fact, Peer } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Rule } from "./rule.js";

/** Nothing is said that the disk does not hold: no acceptance, assignment, acknowledgement, cancel or end. */
export class Durability implements Rule {
  readonly #ledger: Ledger;
  /** Whose acceptance was told. */
  readonly #accepted = new Set<string>();
  /** Parts and attempts whose results were acknowledged as taken, truly: a copy may be said when the plan has left. */
  readonly #acknowledgedOnce = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  see(fact: Fact): void {
    if (fact.type === "coordinatorSays") this.#said(fact.message, fact.peer);
    if (fact.type === "forgotten") this.#accepted.delete(fact.planId);
  }

  #said(message: Message, peer: Peer | undefined): void {
    const { plans } = this.#ledger;
    switch (message.type) {
      case "Accepted":
        if (!plans.has(message.plan_id)) notWritten("Accepted was told of", message.plan_id);
        this.#accepted.add(message.plan_id);
        return;
      case "AssignPlan":
        return this.#assigned(message.plan.plan_id, message.attempt, peer);
      case "StreamBegin":
        return this.#assigned(message.plan_id, message.attempt, peer);
      case "ResultAck":
        return this.#acknowledged(message.id, message.attempt, message.taken);
      case "CancelAnswer": {
        const plan = plans.get(message.plan_id);
        if (message.taken && plan?.cancelledAt === undefined)
          notWritten("a cancel was confirmed of", message.plan_id);
        return;
      }
      case "PlanEvent":
        return this.#told(message);
      case "Error":
        return this.#refused(message);
      case "Got":
        if (message.outcome !== undefined) this.#ended(message.summary.plan_id, message.outcome);
        return;
      case "StreamComplete": {
        const planId = planOfStream(message.stream_id);
        if (plans.get(planId)?.outcome === undefined)
          notWritten("StreamComplete was told of", planId);
        return;
      }
      default:
        return;
    }
  }

  #refused({ code, plan_id: planId }: Extract<Message, { type: "Error" }>): void {
    if (code !== "PLAN_UNKNOWN" || planId === undefined || !this.#accepted.has(planId)) return;
    complain(`${planId} was called unknown after it was accepted`, planId);
  }

  /** An old worker is not told which attempt it is: then it is the last one, and given to that worker. */
  #assigned(partId: string, attempt: number | undefined, peer: Peer | undefined): void {
    const planId = planOfPart(partId);
    const written =
      attempt === undefined
        ? this.#ledger.plans.get(planId)?.parts.get(partId)?.at(-1)
        : this.#ledger.attempt(partId, planId, attempt);
    if (written === undefined || written.workerId !== peer?.name)
      notWritten(`attempt ${attempt ?? "-"} was assigned to ${peer?.name ?? "nobody"} of`, planId);
  }

  #acknowledged(partId: string, attempt: number, taken: boolean): void {
    const planId = planOfPart(partId);
    const written = this.#ledger.attempt(partId, planId, attempt);
    if (taken && !this.#acknowledgedOnce.has(`${partId} ${attempt}`)) {
      if (written?.result === undefined)
        notWritten(`the result of attempt ${attempt} was acknowledged as taken of`, planId);
      this.#acknowledgedOnce.add(`${partId} ${attempt}`);
    }
    // Its worker forgets it either way.
    const isOut =
      written !== undefined && written.result === undefined && written.lost === undefined;
    if (isOut && this.#ledger.plans.get(planId)?.outcome === undefined)
      notWritten(`attempt ${attempt} was acknowledged as over of`, planId);
  }

  #told({ plan_id: planId, event }: Extract<Message, { type: "PlanEvent" }>): void {
    const plan = this.#ledger.plans.get(planId);
    switch (event.kind) {
      case "Accepted":
        if (plan === undefined) notWritten("Accepted was told of", planId);
        return;
      case "AttemptStarted":
        if (this.#ledger.attempt(event.part_id, planId, event.attempt) === undefined)
          notWritten("AttemptStarted was told of", planId);
        return;
      case "AttemptLost":
        if (this.#ledger.attempt(event.part_id, planId, event.attempt)?.lost === undefined)
          notWritten("AttemptLost was told of", planId);
        return;
      case "CancelRequested":
        if (plan?.cancelledAt === undefined) notWritten("CancelRequested was told of", planId);
        return;
      case "Finished":
        return this.#ended(planId, event.outcome);
      default:
        return;
    }
  }

  #ended(planId: string, outcome: unknown): void {
    const written = this.#ledger.plans.get(planId)?.outcome;
    if (written === undefined) notWritten("an outcome was told of", planId);
    // What travelled may lack what is undefined here.
    if (
      !isDeepStrictEqual(JSON.parse(JSON.stringify(written)), JSON.parse(JSON.stringify(outcome)))
    ) {
      complain(`${planId} ended otherwise than it was told`, planId);
    }
  }
}

function notWritten(what: string, planId: string): never {
  complain(`${what} ${planId} before that was on disk`, planId);
}
