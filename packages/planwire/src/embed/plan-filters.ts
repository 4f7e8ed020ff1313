import type { FilterDefinition } from "@planwire/plan";
import { PlanwireError } from "@planwire/protocol";

type Offer = (definitions: readonly FilterDefinition[]) => Promise<void>;

/** The filters that submitted plans brought along, which the embedded workers offer. */
export class PlanFilters {
  readonly #offer: Offer;
  readonly #byKey = new Map<string, FilterDefinition>();
  /** A filter that another submission is offering right now has to be waited for as well. */
  #lastOffer: Promise<void> = Promise.resolve();

  constructor(offer: Offer) {
    this.#offer = offer;
  }

  /**
   * Offers what is new. A name can come to mean another filter, as code that is loaded anew brings it, but not while anything runs
   * that may mean the one before.
   * @throws PlanwireError BAD_USAGE
   */
  async take(definitions: readonly FilterDefinition[], isIdle: boolean): Promise<void> {
    const fresh = definitions.filter((one) => this.#byKey.get(keyOf(one)) !== one);
    const changed = fresh.find((one) => this.#byKey.has(keyOf(one)));
    if (changed && !isIdle) throw twoMeanings(changed);
    for (const one of fresh) this.#byKey.set(keyOf(one), one);
    if (fresh.length > 0) this.#lastOffer = this.#offer(fresh);
    await this.#lastOffer;
  }
}

function keyOf({ name, version }: FilterDefinition): string {
  return version === undefined ? name : `${name}@${version}`;
}

function twoMeanings({ name }: FilterDefinition): PlanwireError {
  return new PlanwireError("BAD_USAGE", `two different filters are both named "${name}"`, {
    hint: "define a filter once, outside of functions, and give it what differs by .with(params)",
  });
}
