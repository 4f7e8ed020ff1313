import * as z from "zod";
import { AnyId } from "../ids.js";
import { PlanResult } from "../result.js";
import { Count, UInt64 } from "../schema/numbers.js";
import { SerializedPlan } from "../serialized-plan.js";
import { Value } from "../value.js";

/** How much may be under way in one direction on one hop, as running totals since the stream began. */
export const Credit = z.object({ bytes: Count, chunks: Count });
export type Credit = z.infer<typeof Credit>;

export const StreamBegin = z.object({
  type: z.literal("StreamBegin"),
  stream_id: AnyId,
  plan_id: AnyId,
  total_chunks: UInt64.nullish(),
  plan: SerializedPlan,
  attempt: Count.optional(),
  /** The sender's first credit for results. */
  credit: Credit.optional(),
});
export type StreamBegin = z.infer<typeof StreamBegin>;

export const ChunkData = z.object({
  type: z.literal("ChunkData"),
  stream_id: AnyId,
  chunk_index: UInt64,
  value: Value,
});
export type ChunkData = z.infer<typeof ChunkData>;
export const StreamEnd = z.object({ type: z.literal("StreamEnd"), stream_id: AnyId });
export type StreamEnd = z.infer<typeof StreamEnd>;
export const ChunkResult = z.object({
  type: z.literal("ChunkResult"),
  stream_id: AnyId,
  chunk_index: UInt64,
  value: Value,
});
export type ChunkResult = z.infer<typeof ChunkResult>;
export const StreamComplete = z.object({
  type: z.literal("StreamComplete"),
  stream_id: AnyId,
  result: PlanResult,
});
export type StreamComplete = z.infer<typeof StreamComplete>;

/** The stream has a worker; input may flow within the credit. */
export const StreamAccepted = z.object({
  type: z.literal("StreamAccepted"),
  stream_id: AnyId,
  plan_id: AnyId,
  attempt: Count,
  worker_id: z.string().optional(),
  /** First credit for input. */
  credit: Credit,
});
export type StreamAccepted = z.infer<typeof StreamAccepted>;
/** More credit: `in` for ChunkData, `out` for ChunkResult. A running total; a smaller one than before changes nothing. */
export const StreamCredit = z.object({
  type: z.literal("StreamCredit"),
  stream_id: AnyId,
  dir: z.enum(["in", "out"]),
  bytes: Count,
  chunks: Count,
});
export type StreamCredit = z.infer<typeof StreamCredit>;
/** Either side ends the stream early. The receiver answers with StreamComplete unless it sent one already. */
export const StreamCancel = z.object({
  type: z.literal("StreamCancel"),
  stream_id: AnyId,
  reason: z.string().optional(),
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
