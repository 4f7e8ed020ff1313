import * as z from "zod/mini";
import { AnyId } from "../ids.js";
import { PlanResult } from "../result.js";
import { Count, UInt64 } from "../schema/numbers.js";
import { object } from "../schema/object.js";
import { SerializedPlan } from "../serialized-plan.js";
import { Value } from "../value.js";

/** How much may be under way in one direction on one hop, as running totals since the stream began. */
export const Credit = object({ bytes: Count, chunks: Count });
export type Credit = z.infer<typeof Credit>;

export const StreamBegin = object({
  type: z.literal("StreamBegin"),
  stream_id: AnyId,
  plan_id: AnyId,
  total_chunks: z.nullish(UInt64),
  plan: SerializedPlan,
  attempt: z.optional(Count),
  /** The sender's first credit for results. */
  credit: z.optional(Credit),
});
export type StreamBegin = z.infer<typeof StreamBegin>;

export const ChunkData = object({
  type: z.literal("ChunkData"),
  stream_id: AnyId,
  chunk_index: UInt64,
  value: Value,
});
export type ChunkData = z.infer<typeof ChunkData>;
export const StreamEnd = object({ type: z.literal("StreamEnd"), stream_id: AnyId });
export type StreamEnd = z.infer<typeof StreamEnd>;
export const ChunkResult = object({
  type: z.literal("ChunkResult"),
  stream_id: AnyId,
  chunk_index: UInt64,
  value: Value,
});
export type ChunkResult = z.infer<typeof ChunkResult>;
export const StreamComplete = object({
  type: z.literal("StreamComplete"),
  stream_id: AnyId,
  result: PlanResult,
});
export type StreamComplete = z.infer<typeof StreamComplete>;

/** The stream has a worker; input may flow within the credit. */
export const StreamAccepted = object({
  type: z.literal("StreamAccepted"),
  stream_id: AnyId,
  plan_id: AnyId,
  attempt: Count,
  worker_id: z.optional(z.string()),
  /** First credit for input. */
  credit: Credit,
});
export type StreamAccepted = z.infer<typeof StreamAccepted>;
/** More credit: `in` for ChunkData, `out` for ChunkResult. A running total; a smaller one than before changes nothing. */
export const StreamCredit = object({
  type: z.literal("StreamCredit"),
  stream_id: AnyId,
  dir: z.enum(["in", "out"]),
  bytes: Count,
  chunks: Count,
});
export type StreamCredit = z.infer<typeof StreamCredit>;
/** Either side ends the stream early. The receiver answers with StreamComplete unless it sent one already. */
export const StreamCancel = object({
  type: z.literal("StreamCancel"),
  stream_id: AnyId,
  reason: z.optional(z.string()),
});
export type StreamCancel = z.infer<typeof StreamCancel>;

export const STREAM_MESSAGES = [
  StreamBegin,
  ChunkData,
  StreamEnd,
  ChunkResult,
  StreamComplete,
  StreamAccepted,
  StreamCredit,
  StreamCancel,
] as const;
