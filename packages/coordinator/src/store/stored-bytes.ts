import { deserialize, serialize } from "node:v8";
import {
  decodeBinary,
  encodeBinary,
  Outcome,
  PlanResult,
  SerializedPlan,
} from "@planwire/protocol";

// Values are stored as msgpack, as they travel between our own peers: 3 us and 365 bytes for a plan of four nodes, where
// V8's serializer takes 17 us and 484 bytes. But JSON text brings in what a msgpack frame may not hold: a key __proto__,
// and Records that nest deeper. Once written it could never be read again, so such values go through V8's.

/** Begins no msgpack; what follows is V8's, which Node documents as safe to store. */
const BY_V8 = 0xc1;

/** What occurs in all values that msgpack might not give back (and in some that it would). */
const SIGNS_OF_RISK = ["__proto__", "Record"].map((text) => Buffer.from(text));

/** @throws PlanwireError VALUE_UNSUPPORTED for what no message can hold */
export function toBytes(value: SerializedPlan | PlanResult | Outcome): Uint8Array {
  const bytes = encodeBinary(value, { typed: true, tensors: true });
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!SIGNS_OF_RISK.some((sign) => view.includes(sign))) return bytes;
  const byV8 = serialize(value);
  const marked = new Uint8Array(1 + byV8.length);
  marked[0] = BY_V8;
  marked.set(byV8, 1);
  return marked;
}

type Schema = typeof SerializedPlan | typeof PlanResult | typeof Outcome;

function reader<S extends Schema>(schema: S): (bytes: Uint8Array) => ReturnType<S["parse"]> {
  return (bytes) =>
    bytes[0] === BY_V8 ? deserialize(bytes.subarray(1)) : decodeBinary(bytes, schema);
}

// Each throws PlanwireError INVALID_MESSAGE, or an Error of V8's, for bytes that were damaged.
export const planFrom = reader(SerializedPlan);
export const resultFrom = reader(PlanResult);
export const outcomeFrom = reader(Outcome);
