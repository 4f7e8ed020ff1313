import { failure, type Failure } from "./core/failure.js";
import type { OutcomePromise } from "./outcomes.js";

export const ITS_DEADLINE = "its deadline";

export function deadlineExceeded(timeoutMs: number): Failure {
  return failure("DEADLINE_EXCEEDED", `it did not end within ${timeoutMs} ms`);
}

/** The outcome of work that `stop` cancels after `timeoutMs`: a cancel that comes from there is a failure. */
export async function withDeadline(
  outcome: OutcomePromise,
  timeoutMs: number,
  stop: () => void,
): OutcomePromise {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    stop();
  }, timeoutMs);
  const how = await outcome;
  clearTimeout(timer);
  if (!isOver || "failure" in how || how.outcome.status !== "Cancelled") return how;
  const { by: _, stopped: _stopped, how: _how, ...ended } = how.outcome;
  return { outcome: { ...ended, status: "Failed", error: deadlineExceeded(timeoutMs) } };
}
