import type { SubmitOptions } from "@planwire/client";
import { LIMITS } from "@planwire/protocol";
import { Option, type Command } from "commander";
import { duration, wholeNumber } from "./option-values.js";

/** What a submission asks of its execution. */
export interface PolicyFlags {
  readonly timeout?: number;
  readonly retries?: number;
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
    .addOption(
      new Option(
        "--durability <kind>",
        "where it is kept; memory is faster, and a coordinator that ends forgets it",
      ).choices(["disk", "memory"]),
    )
    .option("--keep <time>", "how long the result is kept (default: as the coordinator)", duration);
}

export function policyOf({ timeout, retries, durability, keep }: PolicyFlags): SubmitOptions {
  return {
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(retries !== undefined && { retry: { attempts: retries + 1 } }),
    ...(durability !== undefined && { durability }),
    ...(keep !== undefined && { keepMs: keep }),
  };
}
