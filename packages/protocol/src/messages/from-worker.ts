import * as z from "zod/mini";
import { AnyId } from "../ids.js";
import { PlanResult } from "../result.js";
import { JsonValue } from "../schema/json-value.js";
import { Count, UInt64 } from "../schema/numbers.js";
import { object } from "../schema/object.js";
import { struct } from "../schema/struct.js";
import { RanNode } from "../ran-nodes.js";
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
export const OfferedFilter = object({
  name: z.string(),
  version: z.optional(z.string()),
  kind: FilterKind,
  stream_mode: StreamMode,
});
export type OfferedFilter = z.infer<typeof OfferedFilter>;

/** An attempt that a worker holds: running, or finished and not yet acknowledged. */
export const HeldAttempt = object({
  plan_id: AnyId,
  attempt: Count,
  state: z.enum(["assigned", "running", "finished"]),
});
export type HeldAttempt = z.infer<typeof HeldAttempt>;

export const Role = z.enum(["prefill", "decode", "encode", "aggregated"]);
export const WorkerStatus = z.enum(["starting", "ready", "busy", "draining", "stopped"]);
export type WorkerStatus = z.infer<typeof WorkerStatus>;

export const Register = object({
  type: z.literal("Register"),
  worker_id: AnyId,
  capabilities: Capabilities,
  protocol_version: z.optional(Count),
  incarnation: z.optional(z.string()),
  role: z.optional(Role),
  /** An OR of ANDs of roles that this one needs beside it; empty means self-sufficient. */
  needs: z.optional(z.array(z.array(Role))),
  model_id: z.optional(z.string()),
  implementation: z.optional(z.string()),
  version: z.optional(z.string()),
  status: z.optional(WorkerStatus),
  filters: z.optional(z.array(OfferedFilter)),
  max_concurrent: z.optional(Count),
  features: z.optional(z.array(z.string())),
  resume: z.optional(z.array(HeldAttempt)),
  /** Which of its process's connections this is; a later one has a higher number. */
  connection: z.optional(Count),
});
export type Register = z.infer<typeof Register>;

/** Calls of filters since the worker started, by where they run. What never began is not counted. */
export const CallCounts = object({
  isolate: z.string(),
  in_flight: Count,
  completed: Count,
  /** They threw, ran too long, or died with their isolate. */
  errored: Count,
});
export type CallCounts = z.infer<typeof CallCounts>;

export const Heartbeat = object({
  type: z.literal("Heartbeat"),
  worker_id: AnyId,
  load: Load,
  /** Highest number of a coordinator's message handled on this connection. */
  handled: z.optional(Count),
  held: z.optional(z.array(HeldAttempt)),
  status: z.optional(WorkerStatus),
  active_streams: z.optional(Count),
  /** Slots taken by what is not in `held`: calls that could not be stopped, work of others. */
  other_slots: z.optional(Count),
  calls: z.optional(z.array(CallCounts)),
  /** How long its main thread has not answered; absent while it does. */
  main_blocked_ms: z.optional(Count),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

export const Event = object({
  type: z.literal("Event"),
  worker_id: AnyId,
  plan_id: AnyId,
  event: WorkerEvent,
  attempt: z.optional(Count),
});
export type Event = z.infer<typeof Event>;

export const PlanResultMessage = object({
  type: z.literal("PlanResult"),
  worker_id: AnyId,
  plan_id: AnyId,
  result: PlanResult,
  attempt: z.optional(Count),
  /** What happened last in it, where nothing of it was told before: as if each had come by itself just before. */
  events: z.optional(z.array(WorkerEvent)),
  /** In the stead of `events`, where these would only say of each node that it started and completed. */
  ran: z.optional(z.array(RanNode)),
});
export type PlanResultMessage = z.infer<typeof PlanResultMessage>;

export const JobProgress = object({
  type: z.literal("JobProgress"),
  worker_id: AnyId,
  job_id: AnyId,
  phase: z.string(),
  step: UInt64,
  total: UInt64,
  metrics: JsonValue,
});
export const JobResult = object({
  type: z.literal("JobResult"),
  worker_id: AnyId,
  job_id: AnyId,
  success: z.boolean(),
  metrics: JsonValue,
  output: z.nullish(z.string()),
  duration_ms: UInt64,
});

/** An attempt's first leaf has started. */
export const Started = object({
  type: z.literal("Started"),
  plan_id: AnyId,
  attempt: Count,
  /** Other attempts that started, too: part id and number. */
  also: z.optional(z.array(z.tuple([AnyId, Count]))),
});
/** An assignment that found no free slot; it is requeued without cost. */
export const Busy = object({ type: z.literal("Busy"), plan_id: AnyId, attempt: Count });
/** A prefetched assignment given back. */
export const Recalled = object({ type: z.literal("Recalled"), plan_id: AnyId, attempt: Count });
export const Pong = object({ type: z.literal("Pong") });
export const ShutdownAck = object({ type: z.literal("ShutdownAck") });

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
