// Tensors as filters see them, `{ dtype, shape, data }`, and as they travel.
import {
  ARRAY_OF_DTYPE,
  DTYPES,
  type DType,
  type TensorData,
  type TypedArray,
} from "@planwire/protocol";
import type { Tensor } from "./travel.types.js";
import { cannotTravel, type ValuePath } from "./value-fault.js";

/** An array's class by its tag, which holds across realms too. */
export function arrayClassOf(view: ArrayBufferView): string {
  return (view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "DataView";
}

const DTYPE_OF_ARRAY: Record<string, DType> = {
  Float64Array: "float64",
  Float32Array: "float32",
  BigInt64Array: "int64",
  Int32Array: "int32",
  Uint8Array: "uint8",
};

type Numbers = ArrayLike<number> & Iterable<number>;

/** Arrays without a dtype of their own travel as the next wider one that holds each of their numbers exactly. */
const WIDENED: Record<
  string,
  (view: ArrayBufferView) => { dtype: DType; values: TypedArray } | undefined
> = {
  Uint8ClampedArray: (view) => ({
    dtype: "uint8",
    values: new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
  }),
  Int8Array: (view) => ({ dtype: "int32", values: Int32Array.from(view as Int8Array) }),
  Int16Array: (view) => ({ dtype: "int32", values: Int32Array.from(view as Int16Array) }),
  Uint16Array: (view) => ({ dtype: "int32", values: Int32Array.from(view as Uint16Array) }),
  Uint32Array: (view) => ({
    dtype: "int64",
    values: BigInt64Array.from(view as Uint32Array as Numbers, BigInt),
  }),
  Float16Array: (view) => ({
    dtype: "float32",
    values: Float32Array.from(view as never as Numbers),
  }),
  BigUint64Array: (view) => {
    const values = view as BigUint64Array;
    if (values.some((value) => value >= 2n ** 63n)) return undefined;
    return { dtype: "int64", values: BigInt64Array.from(values) };
  },
};

/** A typed array as a tensor of one dimension. */
export function tensorOfArray(view: ArrayBufferView, path: ValuePath): TensorData {
  const name = arrayClassOf(view);
  const own = DTYPE_OF_ARRAY[name];
  const tensor = own ? { dtype: own, values: view as TypedArray } : WIDENED[name]?.(view);
  if (!tensor) throw cannotTravel(path, name);
  return { values: tensor.values, shape: [tensor.values.length], dtype: tensor.dtype };
}

/** `{ dtype, shape, data }` and nothing else, data being a typed array. */
export function looksLikeTensor(
  value: object,
): value is { dtype: unknown; shape: unknown; data: ArrayBufferView } {
  const { data } = value as { data?: unknown };
  if (!ArrayBuffer.isView(data) || !Object.hasOwn(value, "data")) return false;
  return (
    Object.hasOwn(value, "dtype") &&
    Object.hasOwn(value, "shape") &&
    Object.keys(value).length === 3
  );
}

/** A plain tensor as it travels. Throws VALUE_UNSUPPORTED when dtype, shape and data don't belong together. */
export function tensorData(
  tensor: { dtype: unknown; shape: unknown; data: ArrayBufferView },
  path: ValuePath,
): TensorData {
  const { dtype, shape, data } = tensor;
  if (!isDType(dtype)) {
    throw cannotTravel(
      [...path, "dtype"],
      `${String(dtype)}, expected one of ${DTYPES.join(", ")}`,
    );
  }
  if (!isShape(shape)) throw cannotTravel([...path, "shape"], "no array of sizes");
  const expected = ARRAY_OF_DTYPE[dtype].name;
  if (arrayClassOf(data) !== expected) {
    throw cannotTravel(
      [...path, "data"],
      `${arrayClassOf(data)} as ${dtype}, expected ${expected}`,
    );
  }
  const values = data as TypedArray;
  checkLength(values.length, shape, path);
  return { values, shape: [...shape], dtype };
}

/** A tensor that arrived, as a filter sees it. One without a dtype, from an older peer, is float64. */
export function plainTensor(data: TensorData, path: ValuePath): Tensor {
  const { values, shape } = data;
  checkLength(values.length, shape, path);
  if (Array.isArray(values)) return tensorFromNumbers(values, shape, data.dtype ?? "float64", path);
  const dtype = data.dtype ?? DTYPE_OF_ARRAY[arrayClassOf(values)] ?? "float64";
  const expected = ARRAY_OF_DTYPE[dtype].name;
  if (arrayClassOf(values) !== expected) {
    throw cannotTravel(path, `a tensor of ${dtype} with a ${arrayClassOf(values)}`);
  }
  return { dtype, shape, data: values } as Tensor;
}

function tensorFromNumbers(
  values: readonly number[],
  shape: readonly number[],
  dtype: DType,
  path: ValuePath,
): Tensor {
  if (dtype === "float64" || dtype === "float32") {
    return { dtype, shape, data: ARRAY_OF_DTYPE[dtype].from(values) } as Tensor;
  }
  const wrong = values.findIndex((value) => !holds(dtype, value));
  if (wrong !== -1)
    throw cannotTravel([...path, wrong], `${values[wrong]} in a tensor of ${dtype}`);
  const data =
    dtype === "int64" ? BigInt64Array.from(values, BigInt) : ARRAY_OF_DTYPE[dtype].from(values);
  return { dtype, shape, data } as Tensor;
}

const RANGE = {
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  bool: [0, 1],
} as const;

function holds(dtype: keyof typeof RANGE, value: number): boolean {
  const [least, most] = RANGE[dtype];
  return Number.isInteger(value) && value >= least && value <= most;
}

function isDType(value: unknown): value is DType {
  return (DTYPES as readonly unknown[]).includes(value);
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkLength(length: number, shape: readonly number[], path: ValuePath): void {
  const expected = shape.reduce((product, size) => product * size, 1);
  if (length === expected) return;
  throw cannotTravel(
    path,
    `a tensor of shape [${shape.join(", ")}] with ${length} ${length === 1 ? "number" : "numbers"}`,
  );
}
