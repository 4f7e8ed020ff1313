import type { HeldAttempt } from "@planwire/protocol";
import { dropRun } from "./plan-runs.js";
import type { Turn, WorkerState } from "./state.js";
import { dropStream } from "./stream-runs.js";
import { failUnread } from "./unacknowledged.js";

/**
 * What the coordinator says that this worker holds. Control messages keep their order, so all that it had assigned by then has come: what
 * it does not list, nobody waits for.
 */
export function compareBooks(state: WorkerState, turn: Turn, theirs: readonly HeldAttempt[]): void {
  const wanted = new Map(theirs.map(({ plan_id, attempt }) => [plan_id, attempt]));
  for (const run of state.plans.values()) {
    if (wanted.get(run.partId) !== run.attempt) dropRun(state, turn, run);
  }
  for (const stream of state.streams.values()) {
    if (wanted.get(stream.partId) !== stream.attempt) dropStream(state, turn, stream);
  }
  // A copy: whatever fails in place of its result is put back at the end.
  const all = [...state.unacknowledged];
  for (const [partId, finished] of all) {
    if (wanted.get(partId) === finished.attempt) failUnread(state, turn, finished);
  }
}
