import type { PlanResult } from "@planwire/protocol";
import type { StoredLoss } from "../store/store.js";
import { backoffOf } from "./backoff.js";
import { change } from "./durable.js";
import { dequeue } from "./lanes.js";
import { poisoned } from "./poison.js";
import type { Settings } from "./settings.js";
import type { Execution, Part, Setbacks, Turn } from "./state.js";
import { addTimer, removeTimer, takeDue } from "./timers.js";

/** How an attempt came to nothing. */
export interface LostAttempt extends Pick<StoredLoss, "reason" | "cost"> {
  /** Its worker died under several attempts, any of which may be why. */
  readonly isSuspect: boolean;
  /** Nothing is wrong with the part: it need not wait. */
  readonly atOnce: boolean;
}

const LONGEST_REASON = 300;

/**
 * What a failure means that is worth another try; its result is not taken then. A filter's own error is not, unless it says so itself, or
 * its plan does. Nor is anything of a stream, whose chunks nobody has kept.
 */
export function retryableFailure({ execution }: Part, result: PlanResult): LostAttempt | undefined {
  if (result.status !== "Failed" || execution.kind === "stream") return undefined;
  const { code = "FILTER_ERROR", retryable = false, error } = result;
  const died = code === "WORKER_CRASH";
  const isNamed = execution.plan.policy?.retry_codes?.includes(code) ?? false;
  if (!died && !retryable && !isNamed) return undefined;
  const reason = `${code}: ${shorten(error)}`;
  return { reason, cost: died ? "isolate" : "try", isSuspect: false, atOnce: false };
}

function shorten(text: string): string {
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
}

export function maxAttemptsOf({ maxAttempts }: Settings, { plan }: Execution): number {
  return plan.policy?.max_attempts ?? maxAttempts;
}

/** Counts what the part's newest attempt came to; after a restart out of what was written of it. */
export function countSetback(
  part: Part,
  { reason, cost }: Pick<StoredLoss, "reason" | "cost">,
): Setbacks {
  const { attempt, workerId = "" } = part;
  const setbacks = (part.setbacks ??= noSetbacks());
  setbacks.lastWorker = workerId;
  setbacks.reason = reason;
  if (cost === "unstarted") setbacks.unstarted += 1;
  if (isTry(cost)) setbacks.tries += 1;
  if (isDeath(cost)) setbacks.deaths.push({ attempt, workerId, what: cost, reason });
  return setbacks;
}

function noSetbacks(): Setbacks {
  return {
    tries: 0,
    unstarted: 0,
    deaths: [],
    lastWorker: "",
    reason: "",
    alone: false,
    keeper: undefined,
    backoff: undefined,
  };
}

export function isTry(cost: StoredLoss["cost"]): boolean {
  return cost === "try" || isDeath(cost);
}

function isDeath(cost: StoredLoss["cost"]): cost is "isolate" | "worker" {
  return cost === "isolate" || cost === "worker";
}

/**
 * An attempt came to nothing: its part is tried again, at once or later, or ends, as poison or with `last`. That end is written as the
 * part's result, so that a restart finds it where it stood among the others. Whether it is tried again.
 */
export function tryAgain(turn: Turn, part: Part, lost: LostAttempt, last: PlanResult): boolean {
  const { settings } = turn.state;
  const { partId, attempt, execution } = part;
  const cost = costOf(settings, part, lost);
  const setbacks = countSetback(part, { ...lost, cost });
  const { tries, deaths } = setbacks;
  if (deaths.length >= settings.maxDeaths) return endWith(turn, part, poisoned(part, deaths));
  if (tries >= maxAttemptsOf(settings, execution)) return endWith(turn, part, last);
  // A suspect that was given back has not been tried yet.
  if (isTry(cost)) setbacks.alone = lost.isSuspect;
  const wait = lost.atOnce || !isTry(cost) ? 0 : backoffOf(settings, part, tries);
  const { reason } = lost;
  const loss = { reason, cost, alone: setbacks.alone, retryAt: turn.now.wall + wait };
  change(turn, execution, { type: "lose", partId, attempt, loss });
  part.workerId = undefined;
  dispatchIn(turn, part, wait);
  return true;
}

/**
 * A filter may take its worker with it before the worker can say that it has started. So deaths before a start cost nothing a few times
 * only: else such a plan would kill one worker after the other, for ever.
 */
function costOf(
  { maxUnstarted }: Settings,
  { setbacks }: Part,
  { cost }: LostAttempt,
): StoredLoss["cost"] {
  const isTooOften = (setbacks?.unstarted ?? 0) >= maxUnstarted;
  return cost === "unstarted" && isTooOften ? "worker" : cost;
}

/** The attempt is the part's last one, and this its result. */
export function endWith(turn: Turn, part: Part, result: PlanResult): false {
  const { execution, partId, attempt } = part;
  change(turn, execution, { type: "takeResult", partId, attempt, result });
  turn.agenda.push({ do: "endPart", part, result });
  return false;
}

/** Hands the part out after so many milliseconds. */
export function dispatchIn(turn: Turn, part: Part, wait: number): void {
  const { setbacks } = part;
  if (wait > 0 && setbacks) {
    setbacks.backoff = addTimer(turn.state.backoffs, turn.now.mono + wait, part);
  } else turn.agenda.push({ do: "dispatchPart", part });
}

/** Hands out what has waited long enough. */
export function endBackoffs({ state, now, agenda }: Turn): void {
  const { backoffs } = state;
  for (let part = takeDue(backoffs, now.mono); part; part = takeDue(backoffs, now.mono)) {
    if (part.setbacks) part.setbacks.backoff = undefined;
    agenda.push({ do: "dispatchPart", part });
  }
}

/** A part that no worker has is not wanted any more. */
export function waitNoMore(turn: Turn, part: Part): void {
  const { setbacks } = part;
  if (!setbacks?.backoff) return dequeue(turn, part);
  removeTimer(turn.state.backoffs, setbacks.backoff);
  setbacks.backoff = undefined;
}
