import type { Message, Outcome } from "@planwire/protocol";
import type { Fact } from "../oracle/facts.js";
import type { Ledger, LedgerAttempt } from "../oracle/ledger.js";
import type { Coverage } from "./coverage.js";
import { planOfPart } from "./describe-message.js";
import { OldPeerRaces } from "./old-peer-races.js";
import { RunRaces } from "./run-races.js";
import { ShapeRaces } from "./shape-races.js";

/** Notices, from outside, the orders of events that promises are easily broken in; so that a run can say how often each was tried. */
export class Races {
  readonly #ledger: Ledger;
  readonly #coverage: Coverage;
  readonly #leaseMs: number;
  /** Requests that were heard, by client process and number. */
  readonly #heard = new Set<string>();
  /** What was said twice on purpose, and may be on its way. */
  readonly #repeated = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #oldPeers: OldPeerRaces;
  readonly #shapes: ShapeRaces;
  readonly #runs: RunRaces;
  readonly #cancelledStreams = new Set<string>();
  #starts = 0;
  #isDown = false;

  constructor(ledger: Ledger, coverage: Coverage, leaseMs: number) {
    this.#ledger = ledger;
    this.#coverage = coverage;
    this.#leaseMs = leaseMs;
    this.#oldPeers = new OldPeerRaces(ledger, coverage);
    this.#shapes = new ShapeRaces(coverage);
    this.#runs = new RunRaces(coverage);
  }

  see(fact: Fact): void {
    switch (fact.type) {
      case "coordinatorStarted":
        return this.#started();
      case "coordinatorPaused":
        if (fact.ms >= this.#leaseMs) this.#count("the coordinator stands still for a lease");
        return;
      case "workerDied":
        this.#dead.add(fact.peer.process);
        return;
      case "saysAgain":
        this.#repeated.add(keyOf(fact.process, fact.message));
        return;
      case "coordinatorHears":
        if (this.#dead.has(fact.peer.process)) this.#count("a dead worker is heard");
        if (fact.peer.kind === "old") return this.#oldPeers.hears(fact.peer, fact.message);
        this.#shapes.hears(fact.message);
        return this.#hears(fact.peer.process, fact.message);
      case "coordinatorSays":
        if (fact.peer?.kind === "old") {
          this.#shapes.isAssignedToOld(fact.message);
          return this.#oldPeers.says(fact.peer, fact.message);
        }
        return this.#says(fact.message);
      case "clientSubmits":
        return this.#runs.submits(fact);
      case "clientLostSight":
        return this.#runs.losesSight(fact);
      case "coordinatorDied":
        this.#isDown = true;
        return;
      case "workerHears":
        if (this.#isDown) this.#count("a dead coordinator is heard");
        return this.#shapes.isAssigned(fact.message);
      case "workerSays":
        if (fact.message.type === "Busy") this.#count("an assignment finds no slot");
        return;
      case "landed":
        for (const change of fact.write.changes) {
          if (change.type === "finish") this.#finished(fact.write.planId, change.outcome);
          if (change.type === "lose") this.#count(`lost: ${change.loss.reason.split(":", 1)[0]}`);
        }
        return;
      case "streamCancelled":
        this.#cancelledStreams.add(fact.streamId);
        return;
      case "streamEnded":
        if (fact.result.status === "Success" && this.#cancelledStreams.has(fact.streamId)) {
          this.#count("a stream's end against its cancel");
        }
        if (fact.result.status === "Cancelled") this.#count("a stream is cancelled");
        if (fact.result.status === "Failed") this.#count("a stream fails with a reason");
        return;
      case "streamFailed":
        return this.#count("a stream is lost with its connection");
      default:
        return;
    }
  }

  #count(what: string): void {
    this.#coverage.count(`race: ${what}`);
  }

  #started(): void {
    this.#isDown = false;
    if (this.#starts++ === 0) return;
    for (const { outcome, cancelledAt, parts } of this.#ledger.plans.values()) {
      if (outcome !== undefined) continue;
      const tries = [...parts.values()].map((attempts) => attempts.at(-1));
      if (cancelledAt !== undefined) this.#count("a restart while a plan is being cancelled");
      if (tries.some((last) => last?.result !== undefined)) {
        this.#count("a restart between the parts of a plan");
      }
      if (tries.some((last) => last?.result !== undefined && isOfPass(last.partId))) {
        this.#count("a restart between the passes of a Loop");
      }
      if (tries.length === 0) this.#count("a restart before a plan was assigned");
    }
  }

  #hears(process: string, message: Message): void {
    switch (message.type) {
      case "Register":
        for (const { plan_id, attempt, state } of message.resume ?? []) {
          const known = this.#attempt(plan_id, attempt);
          if (known !== undefined && state !== "finished") this.#cameBackWith(known);
        }
        return;
      case "PlanResult": {
        const known = this.#attempt(message.plan_id, message.attempt ?? 0);
        if (known?.result !== undefined && !this.#repeated.has(keyOf(process, message))) {
          this.#count("a result is sent again: its acknowledgement was lost");
        }
        if (known?.lost !== undefined) this.#count("a result of an attempt that was lost");
        return;
      }
      case "Submit": {
        const key = keyOf(process, message);
        if (!this.#repeated.has(key)) this.#runs.hears(message);
        const isKnown = this.#heard.has(key) && this.#ledger.plans.has(message.plan.plan_id);
        if (isKnown && !this.#repeated.has(key)) {
          this.#count("a submission is sent again: its acceptance was lost");
        }
        this.#heard.add(key);
        return;
      }
      default:
        return;
    }
  }

  #cameBackWith({ lost, result }: LedgerAttempt): void {
    if (lost !== undefined) this.#count("a worker comes back with an attempt that was lost");
    else if (result === undefined) this.#count("a worker comes back with what it runs");
  }

  #says(message: Message): void {
    this.#runs.says(message);
    if (message.type === "Draining") this.#count("a worker is sent away");
    if (message.type === "Error" && message.code === "WORKER_UNKNOWN")
      this.#count("a worker is sent away that is not there");
    if (message.type === "CancelAnswer" && !message.taken) this.#count("a cancel comes too late");
    if (message.type === "Error" && message.code === "STORE_UNAVAILABLE") {
      this.#count("a submission can't be written");
    }
    if (message.type === "Error" && message.code === "WORKER_ID_TAKEN") {
      this.#count("a worker's id is taken by one that lives");
    }
    if (message.type === "PlanEvent" && message.event.kind === "EventsLost")
      this.#count("events are lost");
    if (message.type !== "PlanEvent" || message.event.kind !== "Finished") return;
    const { outcome } = message.event;
    if (outcome.status === "Cancelled" && !outcome.stopped) {
      this.#count("a plan is cancelled that could not be stopped");
    }
  }

  #finished(planId: string, outcome: Outcome): void {
    const { status } = outcome;
    if (status === "Succeeded") this.#succeeded(planId, outcome);
    if (status === "Failed") this.#count(`failed: ${outcome.error.code}`);
    const cancelled = this.#ledger.plans.get(planId)?.cancelledAt !== undefined;
    if (cancelled && status !== "Cancelled") this.#count("a result against a cancel");
  }

  #succeeded(planId: string, { states }: Extract<Outcome, { status: "Succeeded" }>): void {
    if (Object.keys(states).length > 0) this.#count("a fit succeeds");
    const plan = JSON.stringify(this.#ledger.plans.get(planId)?.plan.plan);
    for (const shape of ["Loop", "Branch"])
      if (plan?.includes(`{"${shape}":`) === true) this.#count(`a plan with a ${shape} succeeds`);
  }

  #attempt(partId: string, attempt: number): LedgerAttempt | undefined {
    return this.#ledger.attempt(partId, planOfPart(partId), attempt);
  }
}

/** Behind "#" a part's id has the passes of the Loops around it. */
function isOfPass(partId: string): boolean {
  return /#\d/.test(partId);
}

function keyOf(process: string, message: Message): string {
  if (message.type === "PlanResult") return `${process} ${message.plan_id} ${message.attempt}`;
  return `${process} ${message.type} ${"request_id" in message ? message.request_id : ""}`;
}
