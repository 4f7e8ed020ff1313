import * as z from "zod";
import { JsonValue } from "./schema/json-value.js";
import { UInt64 } from "./schema/numbers.js";
import { tagged } from "./schema/struct.js";
import { Value } from "./value.js";

/** What lay behind a failure: a filter's own error, with its stack where there is one. */
export const Cause = z.object({
  name: z.string().optional(),
  message: z.string(),
  stack: z.string().optional(),
});
export type Cause = z.infer<typeof Cause>;

/** How an attempt of a part ended. `Cancelled`, and all of Failed beyond `duration_ms`, travel between our own peers only. */
export const PlanResult = tagged("status", [
  z.object({
    status: z.literal("Success"),
    output: Value,
    duration_ms: UInt64,
    states: z.record(z.string(), Value).nullish(),
  }),
  z.object({
    status: z.literal("Failed"),
    error: z.string(),
    duration_ms: UInt64,
    code: z.string().optional(),
    retryable: z.boolean().optional(),
    node_id: z.string().optional(),
    cause: Cause.optional(),
    details: JsonValue.optional(),
    /** The next thing to try. */
    hint: z.string().optional(),
  }),
  z.object({
    status: z.literal("Cancelled"),
    duration_ms: UInt64,
    /** False when an inline call could not be stopped and still runs. */
    stopped: z.boolean().optional(),
    /** How it stopped: it had not begun, the filter saw the signal, or its isolate was killed. */
    how: z.enum(["queued", "signal", "killed", "abandoned"]).optional(),
  }),
]);
export type PlanResult = z.infer<typeof PlanResult>;
export type FailedResult = Extract<PlanResult, { status: "Failed" }>;
