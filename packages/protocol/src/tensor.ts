import * as z from "zod/mini";
import { Count } from "./schema/numbers.js";
import { object } from "./schema/object.js";

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

/**
 * A plain array of float64 on the inherited wire, a typed array with its dtype between our own. A length that doesn't match
 * the shape travels as it is; only the conversion to a plain value refuses it.
 */
export interface TensorData {
  values: number[] | TypedArray;
  shape: number[];
  dtype?: DType | undefined;
}

/**
 * NaN and infinities travel in msgpack; JSON text has null for them, which is read as NaN. Where a dtype is named, a plain array
 * becomes the typed array of that dtype, exactly or not at all.
 */
export const TensorData: z.ZodMiniType<TensorData> = z.pipe(
  z.transform((raw: unknown) => (Array.isArray(raw) ? { values: raw[0], shape: raw[1] } : raw)),
  z.pipe(
    object({ values: z.unknown(), shape: z.array(Count), dtype: z.optional(DType) }),
    z.transform((tensor, ctx): TensorData => {
      const values = readValues(tensor.values, tensor.dtype);
      if (!("fault" in values)) return { ...tensor, values: values.read };
      const path = ["values", ...(values.at === undefined ? [] : [values.at])];
      ctx.issues.push({ code: "custom", message: values.fault, path, input: tensor.values });
      return z.NEVER;
    }),
  ),
);

type Reading =
  | { readonly read: number[] | TypedArray }
  | { readonly fault: string; readonly at?: number };

function readValues(raw: unknown, dtype: DType | undefined): Reading {
  if (ArrayBuffer.isView(raw)) return readView(raw, dtype);
  if (!Array.isArray(raw)) return { fault: "expected an array of numbers" };
  return dtype === undefined ? readFloats(raw) : readAs(raw, dtype);
}

function readView(raw: ArrayBufferView, dtype: DType | undefined): Reading {
  const Class =
    ARRAY_OF_DTYPE[
      dtype ?? DTYPES.find((each) => raw instanceof ARRAY_OF_DTYPE[each]) ?? "float64"
    ];
  if (raw instanceof Class) return { read: raw };
  return { fault: `expected ${dtype ?? "tensor"} data, found ${raw.constructor.name}` };
}

/** Makes nulls NaN and bigints floats, in place: the array is fresh from a decoder. */
function readFloats(values: unknown[]): Reading {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number") continue;
    if (value === null) values[i] = NaN;
    else if (typeof value === "bigint") values[i] = Number(value);
    else return { fault: "expected a number", at: i };
  }
  return { read: values as number[] };
}

const RANGES = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint8: [0n, 255n],
  bool: [0n, 1n],
} as const;

function readAs(values: unknown[], dtype: DType): Reading {
  if (dtype === "float64" || dtype === "float32") {
    const floats = readFloats(values);
    return "fault" in floats
      ? floats
      : { read: ARRAY_OF_DTYPE[dtype].from(floats.read as number[]) };
  }
  const [least, most] = RANGES[dtype];
  const at = values.findIndex((value) => !isInteger(value) || value < least || value > most);
  if (at !== -1) return { fault: `expected an integer ${least}..${most}`, at };
  if (dtype === "int64") return { read: BigInt64Array.from(values as number[], BigInt) };
  return { read: ARRAY_OF_DTYPE[dtype].from(values as number[]) };
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isInteger(value);
}
