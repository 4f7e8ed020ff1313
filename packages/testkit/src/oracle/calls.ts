import { planOfPart } from "../sim/describe-message.js";
import { callKeyOf, expectationOf, type Expectation } from "./expectation.js";
import type { CallBegan, Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import type { OldPeers } from "./old-peers.js";
import { complain, type Rule } from "./rule.js";

/**
 * Filters are called with what the plan gives them, and only those that it reaches: not in an arm that is not taken, not in a pass too many, not
 * without the state that was fitted; and each such call belongs to one part, and is made once in an attempt of it.
 */
export class Calls implements Rule {
  readonly #ledger: Ledger;
  readonly #oldPeers: OldPeers;
  readonly #expected = new Map<string, Expectation>();
  /** By part and attempt. */
  readonly #made = new Map<string, Set<string>>();

  /** By plan: which part makes which call. */
  readonly #partOf = new Map<string, Map<string, string>>();

  constructor(ledger: Ledger, oldPeers: OldPeers) {
    this.#ledger = ledger;
    this.#oldPeers = oldPeers;
  }

  see(fact: Fact): void {
    if (fact.type === "forgotten") {
      this.#expected.delete(fact.planId);
      this.#partOf.delete(fact.planId);
    }
    // A stream's calls are judged by its results.
    if (fact.type === "callBegan" && !fact.partId.startsWith("x-")) this.#began(fact);
  }

  #began(call: CallBegan): void {
    const { partId, attempt } = call;
    const planId = planOfPart(partId);
    // What still runs of a forgotten plan is not the plan's that has taken its id.
    if (this.#ledger.attempt(partId, planId, attempt) === undefined) return;
    if (this.#oldPeers.mayBeMistaken(planId)) return;
    const key = callKeyOf(call);
    if (!this.#expectedOf(planId).calls.has(key))
      complain(`${partId}/${attempt} makes a call which its plan has not: ${key}`, planId);
    const made = this.#made.get(`${partId} ${attempt}`) ?? new Set();
    this.#made.set(`${partId} ${attempt}`, made);
    if (made.has(key)) complain(`${partId}/${attempt} makes a call twice: ${key}`, planId);
    made.add(key);
    this.#mustBeOfOnePart(planId, partId, key);
  }

  /** Of the same call in two parts one was too many, unless the plan was cut anew since the first came to nothing. */
  #mustBeOfOnePart(planId: string, partId: string, key: string): void {
    const parts = this.#partOf.get(planId) ?? new Map<string, string>();
    this.#partOf.set(planId, parts);
    const before = parts.get(key) ?? partId;
    parts.set(key, partId);
    if (before === partId) return;
    const tries = this.#ledger.plans.get(planId)?.parts.get(before) ?? [];
    if (tries.some(({ lost }) => lost === undefined))
      complain(`${before} and ${partId} make the same call: ${key}`, planId);
  }

  #expectedOf(planId: string): Expectation {
    const known = this.#expected.get(planId);
    if (known !== undefined) return known;
    const plan = this.#ledger.plans.get(planId)?.plan;
    if (plan === undefined)
      complain(`a filter runs of ${planId}, which was never accepted`, planId);
    const expected = expectationOf(plan);
    this.#expected.set(planId, expected);
    return expected;
  }
}
