import * as z from "zod";
import { AnyId } from "../ids.js";
import { PlanResult } from "../result.js";
import { JsonValue } from "../schema/json-value.js";
import { Count, UInt64 } from "../schema/numbers.js";
import { struct } from "../schema/struct.js";
import { WorkerEvent } from "../worker-event.js";

export const Gpu = struct({ name: z.string(), memory_bytes: UInt64 });
export const Capabilities = struct({
  cpu_cores: Count,
  ram_bytes: UInt64,
  gpus: z.array(Gpu),
  python_envs: z.array(z.string()),
  tags: z.array(z.string()),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** Fractions are 0..1 and arrive as 32-bit floats from older peers. */
export const Load = struct({
  cpu_usage: z.number(),
  memory_usage: z.number(),
  gpu_usage: z.array(z.number()),
  active_plans: Count,
  queue_depth: Count,
  timestamp: z.string(),
});
export type Load = z.infer<typeof Load>;

export const FilterKind = z.enum(["Stateless", "Trainable", "Opaque"]);
export type FilterKind = z.infer<typeof FilterKind>;
export const StreamMode = z.enum(["FixedState", "Evolving", "Barrier"]);
export type StreamMode = z.infer<typeof StreamMode>;

/** A filter that a worker offers. */
export const OfferedFilter = z.object({
  name: z.string(),
  version: z.string().optional(),
  kind: FilterKind,
  stream_mode: StreamMode,
});
export type OfferedFilter = z.infer<typeof OfferedFilter>;

/** An attempt that a worker holds: running, or finished and not yet acknowledged. */
export const HeldAttempt = z.object({
  plan_id: AnyId,
  attempt: Count,
  state: z.enum(["assigned", "running", "finished"]),
});
export type HeldAttempt = z.infer<typeof HeldAttempt>;

export const Role = z.enum(["prefill", "decode", "encode", "aggregated"]);
export const WorkerStatus = z.enum(["starting", "ready", "busy", "draining", "stopped"]);
export type WorkerStatus = z.infer<typeof WorkerStatus>;

export const Register = z.object({
  type: z.literal("Register"),
  worker_id: AnyId,
  capabilities: Capabilities,
  protocol_version: Count.optional(),
  incarnation: z.string().optional(),
  role: Role.optional(),
  /** An OR of ANDs of roles that this one needs beside it; empty means self-sufficient. */
  needs: z.array(z.array(Role)).optional(),
  model_id: z.string().optional(),
  implementation: z.string().optional(),
  version: z.string().optional(),
  status: WorkerStatus.optional(),
  filters: z.array(OfferedFilter).optional(),
  max_concurrent: Count.optional(),
  features: z.array(z.string()).optional(),
  resume: z.array(HeldAttempt).optional(),
});
export type Register = z.infer<typeof Register>;

export const Heartbeat = z.object({
  type: z.literal("Heartbeat"),
  worker_id: AnyId,
  load: Load,
  /** Highest number of a coordinator's message handled on this connection. */
  handled: Count.optional(),
  held: z.array(HeldAttempt).optional(),
  status: WorkerStatus.optional(),
  active_streams: Count.optional(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

export const Event = z.object({
  type: z.literal("Event"),
  worker_id: AnyId,
  plan_id: AnyId,
  event: WorkerEvent,
  attempt: Count.optional(),
});
export type Event = z.infer<typeof Event>;

export const PlanResultMessage = z.object({
  type: z.literal("PlanResult"),
  worker_id: AnyId,
  plan_id: AnyId,
  result: PlanResult,
  attempt: Count.optional(),
});
export type PlanResultMessage = z.infer<typeof PlanResultMessage>;

export const JobProgress = z.object({
  type: z.literal("JobProgress"),
  worker_id: AnyId,
  job_id: AnyId,
  phase: z.string(),
  step: UInt64,
  total: UInt64,
  metrics: JsonValue,
});
export const JobResult = z.object({
  type: z.literal("JobResult"),
  worker_id: AnyId,
  job_id: AnyId,
  success: z.boolean(),
  metrics: JsonValue,
  output: z.string().nullish(),
  duration_ms: UInt64,
});

/** An attempt's first leaf has started. */
export const Started = z.object({
  type: z.literal("Started"),
  plan_id: AnyId,
  attempt: Count,
});
/** An assignment that found no free slot; it is requeued without cost. */
export const Busy = z.object({ type: z.literal("Busy"), plan_id: AnyId, attempt: Count });
/** A prefetched assignment given back. */
export const Recalled = z.object({ type: z.literal("Recalled"), plan_id: AnyId, attempt: Count });
export const Pong = z.object({ type: z.literal("Pong") });
export const ShutdownAck = z.object({ type: z.literal("ShutdownAck") });

export const FROM_WORKER = [
  Register,
  Heartbeat,
  Event,
  PlanResultMessage,
  JobProgress,
  JobResult,
  Started,
  Busy,
  Recalled,
  Pong,
  ShutdownAck,
] as const;
