import { isErrorCode, LIMITS, PlanwireError, type PlanPolicy } from "@planwire/protocol";
import type { SubmitOptions } from "./submit-options.js";

/**
 * What the options ask of an execution, as it travels; undefined where they ask nothing.
 * @throws PlanwireError BAD_USAGE naming the option that is wrong
 */
export function policyOf(options: SubmitOptions): PlanPolicy | undefined {
  const { timeoutMs, retry = {}, durability, keepMs } = options;
  const { attempts, backoffMs, maxBackoffMs, codes } = retry;
  const policy: PlanPolicy = {
    ...(attempts !== undefined && {
      max_attempts: whole("retry.attempts", attempts, 1, LIMITS.policyAttempts),
    }),
    ...(backoffMs !== undefined && { backoff_ms: time("retry.backoffMs", backoffMs, 0) }),
    ...(maxBackoffMs !== undefined && {
      backoff_max_ms: time("retry.maxBackoffMs", maxBackoffMs, 0),
    }),
    ...(codes !== undefined && { retry_codes: checkedCodes(codes) }),
    ...(timeoutMs !== undefined && { timeout_ms: time("timeoutMs", timeoutMs, 1) }),
    ...(durability !== undefined && { durability: checkedDurability(durability) }),
    ...(keepMs !== undefined && { keep_ms: time("keepMs", keepMs, 0) }),
  };
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
