export { canonicalContent } from "./canonical.js";
export {
  decodeBinary,
  encodeBinary,
  reuseFrame,
  type EncodeBinaryOptions,
} from "./codec/binary.js";
export { readChunkHead, type ChunkHead } from "./codec/chunk-head.js";
export {
  decodeFrame,
  encodeFrame,
  isUntypedReply,
  type Decoded,
  type FrameLimits,
} from "./codec/frame.js";
export { holdsTypedValues } from "./codec/holds-typed-values.js";
export { isPlainJson } from "./codec/json-writer.js";
export { EXT_TYPE_OF_DTYPE } from "./codec/tensor-ext.js";
export { decodeText, encodeText } from "./codec/text.js";
export * from "./data-ref.js";
export * from "./errors.js";
export * from "./features.js";
export * from "./ids.js";
export { issuesOf, pathText } from "./issues.js";
export * from "./job.js";
export * from "./limits.js";
export * from "./lower-message.js";
export * from "./lower-plan.js";
export { lowerValue, type LowerOptions } from "./lower-value.js";
export { staysUnseen } from "./masking.js";
export * from "./messages/client.js";
export * from "./messages/error.js";
export * from "./messages/from-worker.js";
export * from "./messages/message.js";
export * from "./messages/stream.js";
export * from "./messages/to-worker.js";
export * from "./outbox.js";
export * from "./plan.js";
export { shapeOf, shapePlan, type PlanShape } from "./plan-shape.js";
export * from "./policy.js";
export * from "./result.js";
export { findNonJson, JsonValue, type JsonFault } from "./schema/json-value.js";
export { Count, UInt64 } from "./schema/numbers.js";
export * from "./serialized-plan.js";
export * from "./tensor.js";
export * from "./value.js";
export * from "./ran-nodes.js";
export * from "./worker-event.js";
export { wireErrorOf } from "./wire-error.js";
