import { z } from "zod";
import { JsonValue } from "./schema/json-value.js";
import { tagged } from "./schema/struct.js";
import { Count } from "./schema/numbers.js";

export const DTYPES = ["float64", "float32", "int64", "int32", "uint8", "bool"] as const;
export const DType = z.enum(DTYPES);
export type DType = z.infer<typeof DType>;

export type TypedArray = Float64Array | Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** The array class that holds each dtype. A bool is one byte, 0 or 1. */
export const ARRAY_OF_DTYPE = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/**
 * The numbers of a tensor: a plain array on the inherited wire, a typed array with its dtype between our own.
 * NaN and infinities travel in msgpack; JSON text has null for them, which is read as NaN.
 * A length that doesn't match the shape travels as it is; only the conversion to a plain value refuses it.
 */
const TensorValues = z.unknown().transform((raw, ctx): number[] | TypedArray => {
  if (isTypedArray(raw)) return raw;
  if (Array.isArray(raw)) {
    const fault = widenNumbers(raw);
    if (fault === undefined) return raw as number[];
    ctx.issues.push({ code: "custom", message: "expected a number", path: [fault], input: raw });
    return z.NEVER;
  }
  ctx.issues.push({
    code: "custom",
    message: "expected an array of numbers",
    path: [],
    input: raw,
  });
  return z.NEVER;
}) as unknown as z.ZodType<number[] | TypedArray>;

/** Makes nulls NaN and bigints floats, in place (the array is fresh from a decoder); the index of what is no number. */
function widenNumbers(values: unknown[]): number | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number") continue;
    if (value === null) values[i] = NaN;
    else if (typeof value === "bigint") values[i] = Number(value);
    else return i;
  }
  return undefined;
}

export const TensorData = z.object({
  values: TensorValues,
  shape: z.array(Count),
  dtype: DType.optional(),
});
export type TensorData = z.infer<typeof TensorData>;

/** Bytes: an array of integers in JSON and towards inherited peers, msgpack bin between our own; Uint8Array here. */
export const ByteArray = z.unknown().transform((raw, ctx): Uint8Array => {
  if (raw instanceof Uint8Array) return raw;
  if (Array.isArray(raw)) {
    const bad = raw.findIndex((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255);
    if (bad === -1) return Uint8Array.from(raw as number[]);
    ctx.issues.push({
      code: "custom",
      message: "expected an integer 0..255",
      path: [bad],
      input: raw,
    });
    return z.NEVER;
  }
  ctx.issues.push({ code: "custom", message: "expected bytes", path: [], input: raw });
  return z.NEVER;
}) as unknown as z.ZodType<Uint8Array>;

/** What flows along a plan. Spelled out because TypeScript can't infer a type that holds itself. */
export type Value =
  | { type: "Tensor"; data: TensorData }
  | { type: "Json"; data: JsonValue }
  | { type: "Bytes"; data: Uint8Array }
  | { type: "Text"; data: string }
  | { type: "Object"; data: Uint8Array }
  | { type: "Empty" }
  | { type: "Record"; data: [key: string, value: Value][] };

export const Value: z.ZodType<Value> = tagged("type", [
  z.object({ type: z.literal("Tensor"), data: z.preprocess(nameTensor, TensorData) }),
  z.object({ type: z.literal("Json"), data: JsonValue }),
  z.object({ type: z.literal("Bytes"), data: ByteArray }),
  z.object({ type: z.literal("Text"), data: z.string() }),
  z.object({ type: z.literal("Object"), data: ByteArray }),
  z.object({ type: z.literal("Empty") }),
  z.object({
    type: z.literal("Record"),
    data: z.lazy(() => z.array(z.tuple([z.string(), Value]))),
  }),
]) as z.ZodType<Value>;

function nameTensor(raw: unknown): unknown {
  return Array.isArray(raw) ? { values: raw[0], shape: raw[1] } : raw;
}

export const EMPTY: Value = { type: "Empty" };
