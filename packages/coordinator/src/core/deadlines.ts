import { PlanwireError } from "@planwire/protocol";
import { cancelExecution } from "./cancel.js";
import type { CoreState, Execution, Turn } from "./state.js";
import { addTimer, removeTimer, takeDue } from "./timers.js";

// A deadline is a cancel that nobody asked for. It counts from the acceptance by the wall clock, so that a restart does not put it off.

/** Who cancels, where it is the deadline. */
const ITS_DEADLINE = "its deadline";
/** The wall clock may be set while we wait: it is looked at again after so many milliseconds. */
const LOOK_AGAIN_MS = 10_000;

export function awaitDeadline(state: CoreState, execution: Execution): void {
  const timeoutMs = execution.plan.policy?.timeout_ms;
  if (timeoutMs === undefined) return;
  execution.deadline = addTimer(state.deadlines, execution.submittedAt + timeoutMs, execution);
}

export function forgetDeadline(state: CoreState, execution: Execution): void {
  if (!execution.deadline) return;
  removeTimer(state.deadlines, execution.deadline);
  execution.deadline = undefined;
}

/** Stops what has run, or waited, for too long. */
export function endOverdue(turn: Turn): void {
  const { state, now } = turn;
  const { deadlines } = state;
  for (let late = takeDue(deadlines, now.wall); late; late = takeDue(deadlines, now.wall)) {
    late.deadline = undefined;
    cancelExecution(turn, late, ITS_DEADLINE, true);
  }
  state.deadlineCheck = undefined;
}

/** When the earliest deadline is looked at; one that is put off in the meantime costs a look too many. */
export function nextDeadlineCheck({ state, now }: Turn): number | undefined {
  const [first] = state.deadlines;
  if (!first) state.deadlineCheck = undefined;
  else if (!state.deadlineCheck || first.at < state.deadlineCheck.of) {
    const wait = Math.min(Math.max(0, first.at - now.wall), LOOK_AGAIN_MS);
    state.deadlineCheck = { of: first.at, mono: now.mono + wait };
  }
  return state.deadlineCheck?.mono;
}

/** `stopped`: false when a call could not be stopped and still runs. */
export function deadlineExceeded({ plan }: Execution, stopped: boolean): PlanwireError {
  const timeoutMs = plan.policy?.timeout_ms ?? 0;
  return new PlanwireError("DEADLINE_EXCEEDED", `it did not end within ${timeoutMs} ms`, {
    details: { timeoutMs, stopped },
  });
}
