import { isErrorCode, LIMITS, PlanwireError, type PlanPolicy } from "@planwire/protocol";
import type { SubmitOptions } from "./submit-options.js";

/**
 * What the options ask of an execution, as it travels; undefined where they ask nothing.
 * @throws PlanwireError BAD_USAGE naming the option that is wrong
 */
export function policyOf(options: SubmitOptions): PlanPolicy | undefined {
  const { timeoutMs, retry = {}, durability, keepMs } = options;
  const { attempts, backoffMs, maxBackoffMs, codes } = retry;
  const policy: PlanPolicy = {};
  if (attempts !== undefined)
    policy.max_attempts = whole("retry.attempts", attempts, 1, LIMITS.policyAttempts);
  if (backoffMs !== undefined) policy.backoff_ms = time("retry.backoffMs", backoffMs, 0);
  if (maxBackoffMs !== undefined)
    policy.backoff_max_ms = time("retry.maxBackoffMs", maxBackoffMs, 0);
  if (codes !== undefined) policy.retry_codes = checkedCodes(codes);
  if (timeoutMs !== undefined) policy.timeout_ms = time("timeoutMs", timeoutMs, 1);
  if (durability !== undefined) policy.durability = checkedDurability(durability);
  if (keepMs !== undefined) policy.keep_ms = time("keepMs", keepMs, 0);
  return Object.keys(policy).length > 0 ? policy : undefined;
}

/** A fraction of a millisecond is none: it is rounded up. */
function time(name: string, ms: number, least: number): number {
  return whole(name, typeof ms === "number" ? Math.ceil(ms) : ms, least, LIMITS.policyMs);
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw wrong(name, value, `a number from ${least} to ${most}`);
}

function checkedCodes(codes: readonly string[]): string[] {
  if (codes.length > LIMITS.policyCodes) {
    throw wrong("retry.codes", codes.length, `at most ${LIMITS.policyCodes} codes`);
  }
  const unknown = codes.find((code) => !isErrorCode(code));
  if (unknown !== undefined) throw wrong("retry.codes", unknown, "codes such as FILTER_ERROR");
  return [...codes];
}

function checkedDurability(durability: string): "disk" | "memory" {
  if (durability === "disk" || durability === "memory") return durability;
  throw wrong("durability", durability, '"disk" or "memory"');
}

function wrong(name: string, found: unknown, expected: string): PlanwireError {
  const text = typeof found === "string" ? JSON.stringify(found) : String(found);
  return new PlanwireError("BAD_USAGE", `${name} is ${text}, expected ${expected}`);
}
