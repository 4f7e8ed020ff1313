import { ARRAY_OF_DTYPE, DTYPES, type DType, type TypedArray } from "../tensor.js";

/**
 * Tensor data between our own peers: one msgpack ext type per dtype. The payload is a count of padding bytes (0..7),
 * the padding, then the elements in little-endian order, so placed that they stand 8-byte aligned in the frame and can be
 * read in place.
 */
export const EXT_TYPE_OF_DTYPE: Readonly<Record<DType, number>> = {
  float64: 1,
  float32: 2,
  int64: 3,
  int32: 4,
  uint8: 5,
  bool: 6,
};
const DTYPE_OF_EXT_TYPE = new Map(DTYPES.map((dtype) => [EXT_TYPE_OF_DTYPE[dtype], dtype]));

const ALIGNMENT = 8;
const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The dtype that a typed array stands for where no dtype is named; undefined for an array class that can't travel. */
export function dtypeOf(values: ArrayBufferView): DType | undefined {
  return DTYPES.find((dtype) => values instanceof ARRAY_OF_DTYPE[dtype]);
}

/** Padding bytes after the count byte at `position`, so that the data stands aligned. */
export function paddingAfter(position: number): number {
  return (ALIGNMENT - ((position + 1) % ALIGNMENT)) % ALIGNMENT;
}

export function littleEndianBytes(values: TypedArray): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return HOST_IS_LITTLE_ENDIAN ? bytes : swapBytes(bytes.slice(), values.BYTES_PER_ELEMENT);
}

/** A view into the frame where the data is aligned in memory, else one copy; undefined when `type` is none of ours. */
export function readTensorExt(payload: Uint8Array, type: number): TypedArray | undefined {
  const dtype = DTYPE_OF_EXT_TYPE.get(type);
  if (dtype === undefined) return undefined;
  const padding = payload[0] ?? ALIGNMENT;
  const Class = ARRAY_OF_DTYPE[dtype];
  const width = Class.BYTES_PER_ELEMENT;
  const length = payload.length - 1 - padding;
  if (padding >= ALIGNMENT || length < 0 || length % width !== 0) {
    throw new RangeError(`expected ${dtype} data of whole elements`);
  }
  const data = payload.subarray(1 + padding);
  const inPlace = HOST_IS_LITTLE_ENDIAN && data.byteOffset % width === 0;
  // Of a Buffer, which is what sockets give, `slice` would be no copy.
  const source = inPlace ? data : toHostOrder(new Uint8Array(data), width);
  // Frames come from sockets, never from shared memory.
  return new Class(source.buffer as ArrayBuffer, source.byteOffset, length / width);
}

function toHostOrder(bytes: Uint8Array, width: number): Uint8Array {
  return HOST_IS_LITTLE_ENDIAN ? bytes : swapBytes(bytes, width);
}

/** Reverses each element of `width` bytes, in place. */
export function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}
