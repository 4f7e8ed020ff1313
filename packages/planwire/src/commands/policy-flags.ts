import type { SubmitOptions } from "@planwire/client";
import { LIMITS, type ErrorCode } from "@planwire/protocol";
import { Option, type Command } from "commander";
import { duration, errorCodes, wholeNumber } from "./option-values.js";

/** What a submission asks of its execution. */
export interface PolicyFlags {
  readonly timeout?: number;
  readonly retries?: number;
  readonly retryOn?: readonly ErrorCode[];
  readonly durability?: "disk" | "memory";
  readonly keep?: number;
}

export function withPolicy(command: Command): Command {
  return command
    .option("--timeout <time>", "stop it after so long, and fail (default: never)", duration)
    .option(
      "--retries <count>",
      "how often a part is tried again that was lost or failed for a time (default: 4)",
      wholeNumber(0, LIMITS.policyAttempts - 1),
    )
    .option(
      "--retry-on <codes>",
      "failures to try again that are not retried by themselves: FILTER_ERROR,...",
      errorCodes,
    )
    .addOption(
      new Option(
        "--durability <kind>",
        "where it is kept; memory is faster, and a coordinator that ends forgets it",
      ).choices(["disk", "memory"]),
    )
    .option("--keep <time>", "how long the result is kept (default: as the coordinator)", duration);
}

export function policyOf(flags: PolicyFlags): SubmitOptions {
  const { timeout, retries, retryOn: codes, durability, keep } = flags;
  const retry = {
    ...(retries !== undefined && { attempts: retries + 1 }),
    ...(codes !== undefined && { codes }),
  };
  return {
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(Object.keys(retry).length > 0 && { retry }),
    ...(durability !== undefined && { durability }),
    ...(keep !== undefined && { keepMs: keep }),
  };
}
