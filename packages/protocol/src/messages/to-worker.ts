import * as z from "zod/mini";
import { AnyId } from "../ids.js";
import { PythonJob } from "../job.js";
import { Count } from "../schema/numbers.js";
import { object } from "../schema/object.js";
import { SentPlan } from "../sent-plan.js";
import { HeldAttempt } from "./from-worker.js";

export const AnnouncedLimits = object({ frame_bytes: Count, chunk_bytes: Count });
export type AnnouncedLimits = z.infer<typeof AnnouncedLimits>;

export const Registered = object({
  type: z.literal("Registered"),
  worker_id: AnyId,
  session_id: z.optional(z.string()),
  history_id: z.optional(z.string()),
  coordinator_id: z.optional(z.string()),
  limits: z.optional(AnnouncedLimits),
  heartbeat_interval_ms: z.optional(Count),
  heartbeat_timeout_ms: z.optional(Count),
  features: z.optional(z.array(z.string())),
});
export type Registered = z.infer<typeof Registered>;

export const AssignPlan = object({
  type: z.literal("AssignPlan"),
  plan: SentPlan,
  attempt: z.optional(Count),
});
export type AssignPlan = z.infer<typeof AssignPlan>;

export const AssignPythonJob = object({ type: z.literal("AssignPythonJob"), job: PythonJob });
export const CancelPlan = object({
  type: z.literal("CancelPlan"),
  plan_id: AnyId,
  attempt: z.optional(Count),
});
export type CancelPlan = z.infer<typeof CancelPlan>;
export const StatusRequest = object({ type: z.literal("StatusRequest") });
export const Ping = object({ type: z.literal("Ping") });
export const Shutdown = object({ type: z.literal("Shutdown"), reason: z.string() });
export type Shutdown = z.infer<typeof Shutdown>;

/** The answer to every result of a peer of ours, stale and unknown ones too. */
export const ResultAck = object({
  type: z.literal("ResultAck"),
  id: AnyId,
  attempt: Count,
  taken: z.boolean(),
});
export type ResultAck = z.infer<typeof ResultAck>;
export const HeartbeatAck = object({
  type: z.literal("HeartbeatAck"),
  /** Highest number of the worker's message handled on this connection. */
  handled: Count,
  /** What the coordinator's books say that this worker holds. */
  held: z.optional(z.array(HeldAttempt)),
});
export type HeartbeatAck = z.infer<typeof HeartbeatAck>;
/** Asks for a prefetched assignment back: answered Recalled, or Started. */
export const Recall = object({ type: z.literal("Recall"), id: AnyId, attempt: Count });

export const TO_WORKER = [
  Registered,
  AssignPlan,
  AssignPythonJob,
  CancelPlan,
  StatusRequest,
  Ping,
  Shutdown,
  ResultAck,
  HeartbeatAck,
  Recall,
] as const;
