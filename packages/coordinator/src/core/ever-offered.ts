import type { StoredOffer } from "../store/store.js";
import type { CoreState, Turn } from "./state.js";

/** Longer names are no names of ours; whoever makes them up must not fill memory with them. */
const LONGEST_NAME = 512;

/** Remembers what filters there are, beyond the life of who offers them and of this process: the latest `maxOffered` of them. */
export function rememberOffered({ state, out }: Turn, offered: readonly StoredOffer[]): void {
  const { everOffered, settings } = state;
  const usable = offered.filter(({ key }) => key.length <= LONGEST_NAME);
  const added = usable.filter(({ key, kind }) => everOffered.get(key) !== kind);
  takeUpOffers(state, usable);
  const offers = added.filter(({ key }) => everOffered.has(key));
  if (offers.length > 0) out.push({ type: "rememberOffers", offers, most: settings.maxOffered });
}

/** Of this process's workers, or of what the store remembers of earlier ones'. */
export function takeUpOffers(
  { everOffered, settings }: CoreState,
  offers: readonly StoredOffer[],
): void {
  for (const { key, kind } of offers) {
    everOffered.delete(key);
    everOffered.set(key, kind);
    if (everOffered.size <= settings.maxOffered) continue;
    const [oldest] = everOffered.keys();
    if (oldest !== undefined) everOffered.delete(oldest);
  }
}
