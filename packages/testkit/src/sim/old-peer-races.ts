import type { Message, SerializedPlan } from "@planwire/protocol";
import type { Peer } from "../oracle/facts.js";
import type { Ledger } from "../oracle/ledger.js";
import type { Coverage } from "./coverage.js";
import { planOfPart } from "./describe-message.js";

/** What is tried with workers of the inherited wire; as Races counts it for ours. */
export class OldPeerRaces {
  readonly #ledger: Ledger;
  readonly #coverage: Coverage;
  /** What was assigned on which connection, and not answered there. */
  readonly #given = new Set<string>();

  constructor(ledger: Ledger, coverage: Coverage) {
    this.#ledger = ledger;
    this.#coverage = coverage;
  }

  says({ process }: Peer, message: Message): void {
    if (message.type === "Error" && message.code === "WORKER_ID_TAKEN")
      this.#count("an old worker's id is taken by its old connection");
    if (message.type !== "AssignPlan") return;
    const { plan_id: partId, plan, mode } = message.plan;
    this.#given.add(`${process} ${partId}`);
    if (mode !== "Forward") this.#count("an old worker is given a node to fit");
    else this.#count(`an old worker is given ${isNode(plan) ? "a node" : "a row"}`);
    if ((this.#ledger.plans.get(planOfPart(partId))?.plan.bindings ?? []).length > 0)
      this.#count("an old worker is given a node of a plan that has bound ones, too");
  }

  hears({ process }: Peer, message: Message): void {
    if (message.type !== "PlanResult") return;
    if (!this.#given.delete(`${process} ${message.plan_id}`))
      return this.#count("an old worker's result comes on another connection");
    const plan = this.#ledger.plans.get(planOfPart(message.plan_id));
    if (plan?.outcome?.status === "Cancelled") this.#count("an old worker answers after a cancel");
  }

  #count(what: string): void {
    this.#coverage.count(`race: ${what}`);
  }
}

function isNode(plan: SerializedPlan["plan"]): boolean {
  return plan !== "Empty" && "Execute" in plan;
}
