import type { ExecutionPlan, Outcome, SerializedPlan, Value } from "@planwire/protocol";
import { ENDLESS, outputAt, plainText } from "../sim/filters.js";
import type { Fact } from "./facts.js";
import type { Ledger, LedgerAttempt, LedgerPlan } from "./ledger.js";
import { complain, type Rule } from "./rule.js";

/** An outcome is what the plan's filters and its users made of it: the right output, or a reason that was there. */
export class Outcomes implements Rule {
  readonly #ledger: Ledger;
  readonly #cancelAsked = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
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
    switch (outcome.status) {
      case "Succeeded": {
        const expected = plainText(expectedOutput(plan.plan));
        const found = plainText(outcome.output);
        if (expected !== found) complain(`${planId} gave ${found}, expected ${expected}`, planId);
        if (filtersOf(plan.plan).some((one) => NEVER_DONE.has(one)))
          complain(`${planId} succeeded, which can't be`, planId);
        return;
      }
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

const NEVER_DONE: ReadonlySet<string> = new Set([
  "fails",
  ...ENDLESS,
  "kills-worker",
  "kills-isolate",
]);

function isReason(plan: LedgerPlan, code: string): boolean {
  const filters = filtersOf(plan.plan);
  switch (code) {
    case "FILTER_ERROR":
      return filters.includes("fails") || filters.includes("flaky");
    case "DEADLINE_EXCEEDED":
      return plan.plan.policy?.timeout_ms !== undefined;
    case "WORKER_CRASH":
      return filters.includes("kills-isolate");
    case "POISON_PLAN":
      return [...plan.parts.values()].some(isPoison);
    case "WORKER_LOST":
      return [...plan.parts.values()].some((tries) => tries.some(wasLost));
    default:
      return false;
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

function filtersOf({ bindings }: SerializedPlan): string[] {
  return (bindings ?? []).map(({ uses }) => uses);
}

/** What a plan of a story must give: told apart from the stepper, which is judged by it. */
export function expectedOutput({ plan, input }: SerializedPlan): Value {
  const value: Value = input?.source === "Inline" ? input.value : { type: "Empty" };
  return outputOf(plan, value);
}

function outputOf(plan: ExecutionPlan, input: Value): Value {
  if (plan === "Empty") return input;
  if ("Execute" in plan) return outputAt(plan.Execute.node_id, input);
  if ("Remote" in plan) return outputOf(plan.Remote.plan, input);
  if ("Sequence" in plan)
    return plan.Sequence.reduce((value, step) => outputOf(step, value), input);
  if ("Parallel" in plan)
    return { type: "Record", data: plan.Parallel.map((arm) => [keyOf(arm), outputOf(arm, input)]) };
  throw new Error(`no story has a plan like ${JSON.stringify(plan)}`);
}

function keyOf(arm: ExecutionPlan): string {
  if (arm !== "Empty" && "Execute" in arm) return arm.Execute.node_id;
  if (arm !== "Empty" && "Remote" in arm) return arm.Remote.node_id;
  throw new Error(`no story has an arm like ${JSON.stringify(arm)}`);
}
