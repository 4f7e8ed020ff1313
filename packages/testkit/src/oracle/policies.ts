import type { PlanPolicy } from "@planwire/protocol";
import type { Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Rule } from "./rule.js";

const DEFAULT_ATTEMPTS = 5;

/** A part is tried no more often than its plan says, and what failed only where its plan asks for it. */
export class Policies implements Rule {
  readonly #ledger: Ledger;
  /** As they were submitted. */
  readonly #policies = new Map<string, PlanPolicy>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  see(fact: Fact): void {
    if (fact.type === "clientSubmits")
      this.#policies.set(fact.plan.plan_id, fact.plan.policy ?? {});
    if (fact.type !== "landed") return;
    const { planId, changes } = fact.write;
    for (const change of changes)
      if (change.type === "assign") this.#assigned(planId, change.partId);
  }

  #assigned(planId: string, partId: string): void {
    const earlier = this.#ledger.plans.get(planId)?.parts.get(partId)?.slice(0, -1) ?? [];
    const { max_attempts = DEFAULT_ATTEMPTS, retry_codes = [] } = this.#policies.get(planId) ?? {};
    const tries = earlier.filter(({ isTry }) => isTry).length;
    if (tries >= max_attempts) {
      complain(`${partId} is tried again after ${tries} of ${max_attempts} tries`, planId);
    }
    const failed = earlier.find(({ lost }) => lost?.startsWith("FILTER_ERROR") === true);
    if (failed !== undefined && !retry_codes.includes("FILTER_ERROR")) {
      complain(
        `${partId} is tried again after its filter failed, which nobody had asked for`,
        planId,
      );
    }
  }
}
