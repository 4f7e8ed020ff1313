// What may travel between processes, as types see it. The rules themselves are kept at run time, in to-value.ts.
import type { DType } from "@planwire/protocol";
import type { OpaqueObject } from "./opaque-object.js";

interface ArrayOfDType {
  float64: Float64Array;
  float32: Float32Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** Numbers with a shape, in row-major order. `shape: []` is one number. A bool is one byte, 0 or 1. */
export type Tensor<D extends DType = DType> = {
  [K in D]: {
    readonly dtype: K;
    readonly shape: readonly number[];
    readonly data: ArrayOfDType[K];
  };
}[D];

/** How deep the checks below look: types that hold themselves end there, and are left to the run-time check. */
type DeepEnough = 6;
type Deeper<D extends 0[]> = [...D, 0];

type Atom = string | number | boolean | bigint | null | undefined | void;
/** Structurally a tensor, whether or not its dtype was inferred as a literal. */
type TensorLike = {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
};
type TypedArray = Exclude<ArrayBufferView, DataView> & { readonly BYTES_PER_ELEMENT: number };
/** A tensor has these three keys and no other; with more it is an object that holds a typed array. */
type IsTensor<T> = T extends TensorLike
  ? [Exclude<keyof T, keyof TensorLike>] extends [never]
    ? true
    : false
  : false;
type Binary = TypedArray | OpaqueObject;
type Refused =
  | ((...args: never[]) => unknown)
  | symbol
  | Date
  | RegExp
  | ReadonlyMap<any, any>
  | ReadonlySet<any>
  | WeakMap<any, any>
  | WeakSet<any>
  | Promise<any>
  | AbortSignal
  | ArrayBuffer
  | DataView;
/** `Error` itself, but not a row that happens to have a name and a message. */
type IsError<T> = T extends Error
  ? "stack" extends keyof T
    ? Error extends T
      ? true
      : false
    : false
  : false;

/** `unknown` when T can travel unchanged, else a type whose one property says what cannot. */
export type Travels<T> = [Stuck<T>] extends [never]
  ? unknown
  : { "this cannot travel between processes": Stuck<T> };

/** `unknown` when what arrives for a T is a T, else a type whose one property says what it is then: no Float64Array, but a tensor. */
export type ArrivesAsItself<T> = [Arrives<T>] extends [T]
  ? unknown
  : { "this arrives as": Arrives<T> };

/** What in T cannot travel; never when all of it can. An array of what holds bytes or tensors cannot. */
type Stuck<T, D extends 0[] = []> = 0 extends 1 & T
  ? never
  : unknown extends T
    ? never
    : D["length"] extends DeepEnough
      ? never
      : T extends Atom | Binary
        ? never
        : IsTensor<T> extends true
          ? never
          : true extends (T extends Refused ? true : IsError<T>)
            ? T
            : T extends readonly (infer E)[]
              ? Stuck<E, Deeper<D>> | (true extends HoldsBinary<E, Deeper<D>> ? T : never)
              : T extends object
                ? { [K in keyof T]-?: Stuck<T[K], Deeper<D>> }[keyof T]
                : never;

/** Contains true when bytes or a tensor lie anywhere in T. */
type HoldsBinary<T, D extends 0[] = []> = 0 extends 1 & T
  ? never
  : unknown extends T
    ? never
    : D["length"] extends DeepEnough
      ? never
      : T extends Atom | Refused
        ? never
        : T extends Binary
          ? true
          : T extends readonly (infer E)[]
            ? HoldsBinary<E, Deeper<D>>
            : T extends object
              ? { [K in keyof T]-?: HoldsBinary<T[K], Deeper<D>> }[keyof T]
              : never;

/** What T is for the one who receives it: a typed array other than Uint8Array arrives as a tensor. */
export type Arrives<T> = true extends HoldsBinary<T> ? Received<T> : T;

type Received<T, D extends 0[] = []> = 0 extends 1 & T
  ? T
  : D["length"] extends DeepEnough
    ? T
    : T extends Atom | OpaqueObject
      ? T
      : T extends Uint8Array & { readonly buffer: infer B extends ArrayBufferLike }
        ? Uint8Array<B>
        : IsTensor<T> extends true
          ? TensorOf<T>
          : T extends TypedArray
            ? TensorOfArray<T>
            : T extends object
              ? { [K in keyof T]: Received<T[K], Deeper<D>> }
              : T;

type TensorOf<T> = T extends { dtype: infer D extends DType }
  ? Tensor<D>
  : T extends { data: infer A }
    ? TensorOfArray<A>
    : never;

/** Arrays without a dtype of their own are widened: see tensor.ts. */
type TensorOfArray<A> = A extends Float64Array
  ? Tensor<"float64">
  : A extends Float32Array
    ? Tensor<"float32">
    : A extends BigInt64Array | BigUint64Array | Uint32Array
      ? Tensor<"int64">
      : A extends Int32Array | Int16Array | Uint16Array | Int8Array
        ? Tensor<"int32">
        : A extends Uint8Array
          ? Tensor<"uint8" | "bool">
          : A extends Uint8ClampedArray
            ? Tensor<"uint8">
            : Tensor;
