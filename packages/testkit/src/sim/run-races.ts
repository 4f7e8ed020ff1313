import type { Message } from "@planwire/protocol";
import type { Fact } from "../oracle/facts.js";
import type { Coverage } from "./coverage.js";

/** Counts what becomes of submissions whose users wait for the outcome alone. */
export class RunRaces {
  readonly #coverage: Coverage;
  readonly #runs = new Set<string>();
  /** By the coordinator, as all of these. */
  readonly #heard = new Set<string>();
  readonly #accepted = new Set<string>();

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  submits({ ask, plan }: Extract<Fact, { type: "clientSubmits" }>): void {
    if (ask !== undefined) return;
    this.#count("a plan is run");
    this.#runs.add(plan.plan_id);
  }

  /** What the coordinator hears, copies left out. */
  hears(message: Message): void {
    if (message.type !== "Submit" || !this.#runs.has(message.plan.plan_id)) return;
    const { plan_id: planId } = message.plan;
    if (this.#heard.has(planId)) this.#count("a run is submitted again");
    this.#heard.add(planId);
  }

  says(message: Message): void {
    if (message.type !== "Accepted" || !this.#runs.has(message.plan_id)) return;
    this.#accepted.add(message.plan_id);
  }

  losesSight({ planId }: Extract<Fact, { type: "clientLostSight" }>): void {
    if (!this.#runs.has(planId)) return;
    this.#count(this.#accepted.has(planId) ? "a run is lost sight of" : "a run is refused");
  }

  #count(what: string): void {
    this.#coverage.count(`race: ${what}`);
  }
}
