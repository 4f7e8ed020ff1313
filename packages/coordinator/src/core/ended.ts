import type { CoreState, Execution } from "./state.js";

// What executions take, and which of them stay in memory. It is counted by the frames that their plans and results came in, which costs
// nothing; a Json value takes several times as much once it is read, bytes and typed tensors just that.

/** What an ended execution takes beside its plan, its results and what its workers told. */
const OVERHEAD = 1_024;
/** One that alone takes such a share of the room is not kept: it would push out all others. */
const LARGE_SHARE = 1 / 8;

export function countLive(state: CoreState, execution: Execution): void {
  state.liveBytes += execution.bytes;
}

export function uncountLive(state: CoreState, execution: Execution): void {
  state.liveBytes -= execution.bytes;
}

/** It has got a result of this size. */
export function growBy(state: CoreState, execution: Execution, bytes: number): void {
  execution.bytes += bytes;
  state.liveBytes += bytes;
}

/** Its end is written: the store has it, and memory keeps only the latest. */
export function settle(state: CoreState, execution: Execution): void {
  const { settings, ended } = state;
  uncountLive(state, execution);
  const bytes = execution.bytes + (execution.events?.toldBytes ?? 0) + OVERHEAD;
  if (bytes > settings.maxEndedBytes * LARGE_SHARE) {
    state.executions.delete(execution.planId);
    return;
  }
  ended.set(execution.planId, bytes);
  state.endedBytes += bytes;
  for (const planId of ended.keys()) {
    if (ended.size <= settings.maxEnded && state.endedBytes <= settings.maxEndedBytes) return;
    letGo(state, planId);
  }
}

/** The store still has it, or is about to remove it. */
export function letGo(state: CoreState, planId: string): void {
  state.endedBytes -= state.ended.get(planId) ?? 0;
  state.ended.delete(planId);
  state.executions.delete(planId);
}
