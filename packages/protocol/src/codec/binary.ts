import { Decoder, DecodeError, ExtData } from "@msgpack/msgpack";
import type { $ZodType, output } from "zod/v4/core";
import { PlanwireError } from "../errors.js";
import { Message } from "../messages/message.js";
import { isSafe } from "./integers.js";
import { surveyMsgpack } from "./msgpack-survey.js";
import { MsgpackWriter } from "./msgpack-writer.js";
import { readTensorExt } from "./tensor-ext.js";
import { invalidMessage } from "./invalid-message.js";
import { validate } from "./validate.js";

export interface EncodeBinaryOptions {
  /** The peer announced "typed-values": bytes as msgpack bin. */
  readonly typed?: boolean;
  /** The peer announced "tensors": typed arrays as ext types. As `typed` when absent. */
  readonly tensors?: boolean;
}

/**
 * Reads a msgpack frame as `schema`, structs as named maps or positional arrays. Integers beyond 2^53 - 1 come as bigint. Bytes
 * and typed tensors are views into `bytes`, which must not change afterwards.
 * @throws PlanwireError INVALID_MESSAGE or UNKNOWN_TYPE, details {path, expected}
 */
export function decodeBinary(bytes: Uint8Array): Message;
export function decodeBinary<S extends $ZodType>(bytes: Uint8Array, schema: S): output<S>;
export function decodeBinary(bytes: Uint8Array, schema: $ZodType = Message): unknown {
  return validate(readBinary(bytes), schema);
}

/**
 * Writes msgpack with named maps. By default as inherited peers read it: bytes as arrays of integers, tensors as arrays of
 * numbers. NaN, infinities and -0 travel unchanged. Members that are undefined are left out.
 * @throws PlanwireError VALUE_UNSUPPORTED, details {path, found}, for what decodeBinary would not give back: an integer beyond 64
 * bits, an int64 element that float64 can't hold (in the default form), a key `__proto__`, nesting beyond LIMITS.frameDepth, and
 * objects that aren't data
 */
export function encodeBinary(value: unknown, options: EncodeBinaryOptions = {}): Uint8Array {
  const bin = options.typed ?? false;
  try {
    return writer.write(value, { bin, ext: options.tensors ?? bin });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PlanwireError(
      "VALUE_UNSUPPORTED",
      "this value nests too deeply, or is too large, to travel",
      {
        details: { path: "", found: "nesting too deep, or too large" },
        cause,
      },
    );
  }
}

/**
 * Gives back a frame of encodeBinary or encodeFrame that nobody reads any more, a chunk that was sent: its memory is written
 * again. Any other bytes are left alone.
 */
export function reuseFrame(frame: Uint8Array): void {
  writer.takeBack(frame);
}

const writer = new MsgpackWriter();
const decoder = new Decoder({
  useBigInt64: true,
  extensionCodec: {
    tryToEncode: () => null,
    // Foreign ext types (timestamps too) stay what they are; no schema takes them where data is expected.
    decode: (data, type) => readTensorExt(data, type) ?? new ExtData(type, data),
  },
  mapKeyConverter: (key) => {
    if (typeof key === "string") return key;
    throw new DecodeError(`a map's key is a ${typeof key}, expected a string`);
  },
});

/** Decodes msgpack without a schema: named maps as objects, positional structs as arrays. */
export function readBinary(bytes: Uint8Array): unknown {
  try {
    const plain = plainView(bytes);
    const { int64 } = surveyMsgpack(plain);
    const raw = decoder.decode(plain);
    return int64 ? narrow(raw) : raw;
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof DecodeError)) throw cause;
    throw invalidMessage("", "msgpack", `not msgpack: ${cause.message}`, cause);
  }
}

/** Parts of a Buffer, which is what sockets give, would be Buffers: bytes that users get, and whose methods differ. */
function plainView(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Makes bigints that float64 holds for sure numbers, in place: the decoder gives every 64-bit integer as bigint. */
function narrow(value: unknown): unknown {
  if (typeof value === "bigint") return isSafe(value) ? Number(value) : value;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = narrow(value[i]);
    return value;
  }
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members)) members[key] = narrow(members[key]);
  return value;
}
