import { giveBackWaiting } from "./plan-runs.js";
import { registerAgain } from "./session.js";
import type { Turn, WorkerState } from "./state.js";

/** No new work from here on; what has not started goes back. */
export function drain(state: WorkerState, turn: Turn, reason: string): void {
  if (state.draining !== undefined) return;
  state.draining = reason;
  turn.emit({ type: "notify", event: { type: "draining", reason } });
  giveBackWaiting(state, turn);
  registerAgain(state, turn);
}

/** Everything is finished and delivered: leave. Called at the end of every step. */
export function leaveWhenDrained(state: WorkerState, turn: Turn): void {
  if (state.draining === undefined || state.session.phase === "left") return;
  const { plans, streams, slots, unacknowledged } = state;
  if (plans.size + streams.size + unacknowledged.size > 0) return;
  // A call that was abandoned may never return: it ends with the process.
  if ([...slots].some((run) => run.phase !== "ended")) return;
  leave(state, turn);
  turn.emit({ type: "notify", event: { type: "drained" } });
}

export function leave({ session }: WorkerState, turn: Turn): void {
  session.phase = "left";
  session.deadline = undefined;
  session.heartbeatAt = undefined;
  session.ackBy = undefined;
  turn.emit({ type: "leave" });
}
