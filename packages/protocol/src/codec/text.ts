import type { $ZodType, output } from "zod/v4/core";
import { PlanwireError } from "../errors.js";
import { Message } from "../messages/message.js";
import { readText } from "./json-reader.js";
import { isPlainJson, writeJson } from "./json-writer.js";
import { validate } from "./validate.js";

/**
 * Reads a JSON text as `schema`. Integers beyond 2^53 - 1 come as bigint (also those that float64 holds, so that the type
 * depends on the range alone), integers beyond 64 bits as float64, as at the inherited peer; numbers written with a
 * fraction or an exponent are always numbers. The last of several equal keys counts.
 * @throws PlanwireError INVALID_MESSAGE or UNKNOWN_TYPE, details {path, expected}
 */
export function decodeText(text: string): Message;
export function decodeText<S extends $ZodType>(text: string, schema: S): output<S>;
export function decodeText(text: string, schema: $ZodType = Message): unknown {
  return validate(readText(text), schema);
}

/**
 * Writes JSON. Bytes are arrays of integers, tensors arrays of numbers, bigints exact digits; NaN and infinities, which JSON lacks,
 * are null; -0 is written `-0.0` and an integral float beyond 2^53 with `.0`, so that both come back as what they were.
 * @throws PlanwireError VALUE_UNSUPPORTED for an integer beyond 64 bits and for objects that aren't data
 */
export function encodeText(value: unknown): string {
  try {
    return isPlainJson(value) ? JSON.stringify(value) : writeJson(value);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PlanwireError("VALUE_UNSUPPORTED", "this value nests too deeply to travel", {
      details: { path: "", found: "nesting too deep" },
      cause,
    });
  }
}
