import type { Outcome, Value } from "@planwire/protocol";
import { plainText } from "../sim/filters.js";
import { expectationOf } from "./expectation.js";
import type { Fact } from "./facts.js";
import type { Ledger, LedgerAttempt, LedgerPlan } from "./ledger.js";
import type { OldPeers } from "./old-peers.js";
import { complain, type Rule } from "./rule.js";

type Succeeded = Extract<Outcome, { status: "Succeeded" }>;

/** An outcome is what the plan's filters and its users made of it: the right output, or a reason that was there. */
export class Outcomes implements Rule {
  readonly #ledger: Ledger;
  readonly #oldPeers: OldPeers;
  readonly #cancelAsked = new Set<string>();

  constructor(ledger: Ledger, oldPeers: OldPeers) {
    this.#ledger = ledger;
    this.#oldPeers = oldPeers;
  }

  see(fact: Fact): void {
    if (fact.type === "clientCancels") this.#cancelAsked.add(fact.planId);
    if (fact.type !== "landed") return;
    for (const change of fact.write.changes) {
      const plan = this.#ledger.plans.get(fact.write.planId);
      if (change.type === "finish" && plan?.kind === "plan") this.#check(plan, change.outcome);
    }
  }

  #check(plan: LedgerPlan, outcome: Outcome): void {
    const { planId } = plan;
    if (this.#oldPeers.mayBeMistaken(planId)) return;
    switch (outcome.status) {
      case "Succeeded":
        return mustBe(plan, outcome);
      case "Cancelled":
        if (!this.#cancelAsked.has(planId))
          complain(`${planId} was cancelled, and nobody had asked for that`, planId);
        return;
      case "Failed":
        if (!isReason(plan, outcome.error.code))
          complain(
            `${planId} failed with ${outcome.error.code}: ${outcome.error.message}, for which there was no reason`,
            planId,
          );
    }
  }
}

function mustBe({ planId, plan }: LedgerPlan, found: Succeeded): void {
  const { output, states } = expectationOf(plan);
  if (output === undefined) complain(`${planId} succeeded, which can't be`, planId);
  mustBeEqual(planId, "gave", plainText(found.output), plainText(output));
  mustBeEqual(planId, "returned the states", textOf(Object.entries(found.states)), textOf(states));
}

function mustBeEqual(planId: string, what: string, found: string, expected: string): void {
  if (found !== expected) complain(`${planId} ${what} ${found}, expected ${expected}`, planId);
}

function textOf(states: Iterable<[string, Value]>): string {
  return [...states]
    .map(([nodeId, state]) => `${nodeId}: ${plainText(state)}`)
    .toSorted()
    .join(", ");
}

function isReason({ plan, parts }: LedgerPlan, code: string): boolean {
  const { filters, codes } = expectationOf(plan);
  switch (code) {
    case "FILTER_ERROR":
      return filters.has("fails") || filters.has("flaky");
    case "DEADLINE_EXCEEDED":
      return plan.policy?.timeout_ms !== undefined;
    case "WORKER_CRASH":
      return filters.has("kills-isolate");
    case "POISON_PLAN":
      return [...parts.values()].some(isPoison);
    case "WORKER_LOST":
      return [...parts.values()].some((tries) => tries.some(wasLost));
    default:
      return codes.has(code);
  }
}

/** Written as a loss, or, when it is not tried again, as its result. */
function wasLost({ lost, result }: LedgerAttempt): boolean {
  return lost !== undefined || (result?.status === "Failed" && result.code === "WORKER_LOST");
}

/** Two deaths were written as losses, the third ended it. */
function isPoison(tries: readonly LedgerAttempt[]): boolean {
  return tries.filter(({ died }) => died).length === 2;
}
