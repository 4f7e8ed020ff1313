import { shapePlan, type Binding, type FixedPlan, type SerializedPlan } from "@planwire/protocol";
import type { Chance } from "./chance.js";
import { inputOf, maybePolicy } from "./story-plans.js";

const SHAPED_IN_A_HUNDRED = 60;
const AGAIN_IN_A_HUNDRED = 40;
const LABELLED_IN_A_HUNDRED = 30;
const REBOUND_IN_A_HUNDRED = 20;

/** Plans of a story that travel by their shapes: programs submit the same again and again, under another id and with another input. */
export class ShapedPlans {
  readonly #chance: Chance;
  readonly #byText = new Map<string, FixedPlan>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** What `make` makes, or an earlier plan again. */
  next(planId: string, make: () => SerializedPlan): SerializedPlan {
    const chance = this.#chance;
    const known = chance.happens(AGAIN_IN_A_HUNDRED)
      ? chance.pick([...this.#byText.values()])
      : undefined;
    if (known === undefined) return this.shaped(make());
    return {
      plan_id: planId,
      input: inputOf(planId),
      ...known,
      ...(chance.happens(LABELLED_IN_A_HUNDRED) && { metadata: { label: planId } }),
      ...(chance.happens(REBOUND_IN_A_HUNDRED) && { bindings: known.bindings?.map(boundAnew) }),
      ...maybePolicy(chance),
    };
  }

  /** The plan, mostly with a shape: that of an earlier one that was the same. */
  shaped(plan: SerializedPlan): SerializedPlan {
    if (!this.#chance.happens(SHAPED_IN_A_HUNDRED)) return plan;
    const { plan_id, input, policy, ...fixed } = plan;
    const text = JSON.stringify(fixed);
    const known = this.#byText.get(text) ?? fixed;
    if (known === fixed) {
      shapePlan(fixed);
      this.#byText.set(text, fixed);
    }
    return { plan_id, input, ...known, ...(policy !== undefined && { policy }) };
  }
}

/** With the same tree, what is bound otherwise has the shape no more. */
function boundAnew(binding: Binding): Binding {
  const uses = binding.uses === "quick" ? "slow" : binding.uses;
  const state = binding.state && { state: { type: "Json", data: "given anew" } as const };
  return { ...binding, uses, ...state };
}
