import * as z from "zod/mini";
import { LIMITS } from "./limits.js";
import { object } from "./schema/object.js";

const Duration = z.int().check(z.nonnegative(), z.maximum(LIMITS.policyMs));
const PositiveDuration = z.int().check(z.positive(), z.maximum(LIMITS.policyMs));
const Attempts = z.int().check(z.positive(), z.maximum(LIMITS.policyAttempts));
const Code = z.string().check(z.minLength(1), z.maxLength(64));

/**
 * What a plan asks of its execution, beside what it computes: no part of its content, and no worker's business. What is absent is
 * as the coordinator has it set.
 */
export const PlanPolicy = object({
  /** Tries of one part, the first included. */
  max_attempts: z.optional(Attempts),
  /** Milliseconds before the second try; twice as many before each further one, shortened by chance to between half and all of it. */
  backoff_ms: z.optional(Duration),
  /** What the wait never exceeds. */
  backoff_max_ms: z.optional(Duration),
  /** Codes of failures that are worth another try, beside those that say `retryable`. */
  retry_codes: z.optional(z.array(Code).check(z.maxLength(LIMITS.policyCodes))),
  /** Milliseconds from its acceptance until it is stopped, and fails with DEADLINE_EXCEEDED. */
  timeout_ms: z.optional(PositiveDuration),
  /** `disk` unless given. `memory`: no write waits for a disk, and a coordinator that ends forgets it. */
  durability: z.optional(z.enum(["disk", "memory"])),
  /** Milliseconds after its end for which its result is kept. */
  keep_ms: z.optional(Duration),
});
export type PlanPolicy = z.infer<typeof PlanPolicy>;
