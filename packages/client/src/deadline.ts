import { failure, type Failure } from "./core/failure.js";
import { holdTimer } from "./hold-timer.js";
import type { OutcomePromise } from "./outcomes.js";

export const ITS_DEADLINE = "its deadline";

/** The longest that setTimeout can wait. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * How long after a deadline its coordinator may take to say how the work ended, in milliseconds: a filter has 5 s of grace before it is
 * killed.
 */
const PATIENCE_MS = 15_000;

export function deadlineExceeded(timeoutMs: number): Failure {
  return failure("DEADLINE_EXCEEDED", `it did not end within ${timeoutMs} ms`, {
    details: { timeoutMs },
  });
}

/** The outcome of work that its coordinator stops after `timeoutMs`, if it says so in time. Who can't be reached keeps nobody waiting for ever. */
export async function withDeadline(
  outcome: OutcomePromise,
  timeoutMs: number,
  patienceMs = PATIENCE_MS,
): OutcomePromise {
  const whole = timeoutMs + patienceMs;
  if (whole > LONGEST_TIMER_MS) return await outcome;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<{ failure: Failure }>((resolve) => {
    timer = setTimeout(() => resolve({ failure: unheard(timeoutMs) }), whole);
    // Whoever waits holds the process, not what it waits for.
    holdTimer(timer, false);
  });
  const how = await Promise.race([outcome, silence]);
  clearTimeout(timer);
  return how;
}

function unheard(timeoutMs: number): Failure {
  const message = `it was to end within ${timeoutMs} ms, and its coordinator does not say how it did`;
  return failure("DEADLINE_EXCEEDED", message, {
    details: { timeoutMs },
    hint: "ask for it by its id once the coordinator can be reached",
  });
}
