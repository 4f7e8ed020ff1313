import { canonicalContent, type SerializedPlan } from "@planwire/protocol";
import type { Fact } from "./facts.js";
import { complain, type Rule } from "./rule.js";

/** What is accepted is what a client handed in under that id, to the last field. */
export class Submissions implements Rule {
  /** By plan: all that was handed in under its id. */
  readonly #handedIn = new Map<string, Set<string>>();

  see(fact: Fact): void {
    switch (fact.type) {
      case "clientSubmits":
      case "streamOpened": {
        const { plan_id: planId } = fact.plan;
        const known = this.#handedIn.get(planId) ?? new Set();
        this.#handedIn.set(planId, known.add(textOf(fact.plan)));
        return;
      }
      case "landed":
        for (const change of fact.write.changes)
          if (change.type === "accept") this.#accepted(fact.write.planId, change.plan);
        return;
      default:
        return;
    }
  }

  #accepted(planId: string, plan: SerializedPlan): void {
    if (this.#handedIn.get(planId)?.has(textOf(plan))) return;
    complain(`${planId} was accepted as nobody had handed it in: ${textOf(plan)}`, planId);
  }
}

/** Its content, and what is beside that. */
function textOf(plan: SerializedPlan): string {
  const { metadata = {}, policy = {} } = plan;
  const asked = Object.entries(policy).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${canonicalContent(plan)} ${JSON.stringify([metadata, asked])}`;
}
