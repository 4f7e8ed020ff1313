import * as z from "zod";
import { AnyId } from "../ids.js";
import { PythonJob } from "../job.js";
import { Count } from "../schema/numbers.js";
import { SerializedPlan } from "../serialized-plan.js";
import { HeldAttempt } from "./from-worker.js";

export const AnnouncedLimits = z.object({ frame_bytes: Count, chunk_bytes: Count });
export type AnnouncedLimits = z.infer<typeof AnnouncedLimits>;

export const Registered = z.object({
  type: z.literal("Registered"),
  worker_id: AnyId,
  session_id: z.string().optional(),
  history_id: z.string().optional(),
  coordinator_id: z.string().optional(),
  limits: AnnouncedLimits.optional(),
  heartbeat_interval_ms: Count.optional(),
  heartbeat_timeout_ms: Count.optional(),
  features: z.array(z.string()).optional(),
});
export type Registered = z.infer<typeof Registered>;

export const AssignPlan = z.object({
  type: z.literal("AssignPlan"),
  plan: SerializedPlan,
  attempt: Count.optional(),
});
export type AssignPlan = z.infer<typeof AssignPlan>;

export const AssignPythonJob = z.object({ type: z.literal("AssignPythonJob"), job: PythonJob });
export const CancelPlan = z.object({
  type: z.literal("CancelPlan"),
  plan_id: AnyId,
  attempt: Count.optional(),
});
export type CancelPlan = z.infer<typeof CancelPlan>;
export const StatusRequest = z.object({ type: z.literal("StatusRequest") });
export const Ping = z.object({ type: z.literal("Ping") });
export const Shutdown = z.object({ type: z.literal("Shutdown"), reason: z.string() });
export type Shutdown = z.infer<typeof Shutdown>;

/** The answer to every result of a peer of ours, stale and unknown ones too. */
export const ResultAck = z.object({
  type: z.literal("ResultAck"),
  id: AnyId,
  attempt: Count,
  taken: z.boolean(),
});
export type ResultAck = z.infer<typeof ResultAck>;
export const HeartbeatAck = z.object({
  type: z.literal("HeartbeatAck"),
  /** Highest number of the worker's message handled on this connection. */
  handled: Count,
  /** What the coordinator's books say that this worker holds. */
  held: z.array(HeldAttempt).optional(),
});
export type HeartbeatAck = z.infer<typeof HeartbeatAck>;
/** Asks for a prefetched assignment back: answered Recalled, or Started. */
export const Recall = z.object({ type: z.literal("Recall"), id: AnyId, attempt: Count });

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
