import type { CoreState, Execution } from "./state.js";

// Ended executions leave memory but for the latest: the store has them.

export function remember(state: CoreState, { planId }: Execution): void {
  state.ended.add(planId);
  letGo(state);
}

/** Lets go of the oldest beyond the limit. One whose end is not written yet stays, and is asked about again when it is. */
export function letGo(state: CoreState): void {
  for (const planId of state.ended) {
    if (state.ended.size <= state.settings.maxEnded) return;
    const oldest = state.executions.get(planId);
    if (oldest?.writing || oldest?.next) return;
    state.ended.delete(planId);
    state.executions.delete(planId);
  }
}
