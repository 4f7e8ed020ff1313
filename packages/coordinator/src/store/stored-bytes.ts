import { deserialize, serialize } from "node:v8";
import {
  decodeBinary,
  encodeBinary,
  encodeText,
  isPlanwireError,
  Outcome,
  PlanResult,
  SerializedPlan,
} from "@planwire/protocol";

// Values are stored as msgpack, as they travel between our own peers: 3 us and 365 bytes for a plan of four nodes, where
// V8's serializer takes 17 us and 484 bytes. But JSON text brings in what a msgpack frame may not hold: a key __proto__,
// and Records that nest deeper. The encoder refuses them; such values go through V8's.

/** Begins no msgpack; what follows is V8's, which Node documents as safe to store. */
const BY_V8 = 0xc1;

type Stored = SerializedPlan | PlanResult | Outcome;

/** @throws PlanwireError VALUE_UNSUPPORTED for what no message can hold, be it binary or text */
export function toBytes(value: Stored): Uint8Array {
  try {
    return encodeBinary(value, { typed: true, tensors: true });
  } catch (error) {
    if (!isPlanwireError(error, "VALUE_UNSUPPORTED")) throw error;
    encodeText(value);
    return bytesByV8(value);
  }
}

function bytesByV8(value: Stored): Uint8Array {
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
