import * as z from "zod/mini";
import { JsonValue } from "./schema/json-value.js";
import { UInt64 } from "./schema/numbers.js";
import { object } from "./schema/object.js";
import { tagged } from "./schema/struct.js";
import { Value } from "./value.js";

/** What lay behind a failure: a filter's own error, with its stack where there is one. */
export const Cause = object({
  name: z.optional(z.string()),
  message: z.string(),
  stack: z.optional(z.string()),
});
export type Cause = z.infer<typeof Cause>;

/**
 * How something stopped, from the gentlest on: it had not begun; the filter saw the signal; its isolate was killed; its worker was lost, and nobody
 * knows; it could not be stopped and goes on.
 */
export const StopHow = z.enum(["queued", "signal", "killed", "lost", "abandoned"]);
export type StopHow = z.infer<typeof StopHow>;

/** How an attempt of a part ended. `Cancelled`, and all of Failed beyond `duration_ms`, travel between our own peers only. */
export const PlanResult = tagged("status", [
  object({
    status: z.literal("Success"),
    output: Value,
    duration_ms: UInt64,
    states: z.nullish(z.record(z.string(), Value)),
  }),
  object({
    status: z.literal("Failed"),
    error: z.string(),
    duration_ms: UInt64,
    code: z.optional(z.string()),
    retryable: z.optional(z.boolean()),
    node_id: z.optional(z.string()),
    cause: z.optional(Cause),
    details: z.optional(JsonValue),
    /** The next thing to try. */
    hint: z.optional(z.string()),
    /** False when an inline call of it could not be stopped and still runs. */
    stopped: z.optional(z.boolean()),
  }),
  object({
    status: z.literal("Cancelled"),
    duration_ms: UInt64,
    /** False when an inline call could not be stopped and still runs. */
    stopped: z.optional(z.boolean()),
    how: z.optional(StopHow),
  }),
]);
export type PlanResult = z.infer<typeof PlanResult>;
export type FailedResult = Extract<PlanResult, { status: "Failed" }>;
