import type { CoreState, Part } from "./state.js";

/** More tries of one part than any start of a coordinator lives to see. */
const TRIES_OF_A_START = 1_000_000;

/**
 * The number of a part's next attempt. An execution that is kept in memory is forgotten with its coordinator, and its id may be taken again while
 * a worker still runs the old one: so the numbers of each start of a coordinator are its own.
 */
export function nextAttempt({ boot }: CoreState, { attempt, execution }: Part): number {
  if (attempt > 0) return attempt + 1;
  const isForgotten = execution.plan.policy?.durability === "memory";
  return isForgotten ? (boot - 1) * TRIES_OF_A_START + 1 : 1;
}
