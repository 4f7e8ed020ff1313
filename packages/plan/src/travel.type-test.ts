// What types say of values: what can't travel is refused, the rest keeps its type, and typed arrays arrive as tensors.
import { is, type Eq } from "./filters.type-test.js";
import { defineFilter, type In, type NeedsOf, type Out, type Tensor } from "./index.js";

// @ts-expect-error a Date does not travel
defineFilter("d", (_x: { when: Date }) => 1);
// @ts-expect-error a Map does not travel out
defineFilter("m", (x: number) => new Map([[x, x]]));
// @ts-expect-error nor does a Set, out of a promise
defineFilter("s", async (x: number) => new Set([x]));
// @ts-expect-error nor a Date in a state
defineFilter("st", { fit: (_x: number) => ({ at: new Date(0) }), forward: (x) => x });
// @ts-expect-error nor a function
defineFilter("f", (x: number) => ({ next: () => x }));
// @ts-expect-error nor an Error
defineFilter("e", (x: number) => new Error(String(x)));
// @ts-expect-error nor a bare buffer
defineFilter("ab", (x: number) => new ArrayBuffer(x));
// @ts-expect-error bytes inside an array
defineFilter("ba", (x: Uint8Array) => [x]);
// @ts-expect-error tensors inside objects inside an array
defineFilter("ta", (x: { t: Tensor }[]) => x.length);

// rows that look like an Error are rows
defineFilter("r", (x: { name: string; message: string }[]) => x);
defineFilter("log", (x: { name: string; message: string; stack: string }) => x);
// types that hold themselves
interface Tree {
  value: number;
  children: Tree[];
}
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const grow = defineFilter("grow", (x: Tree) => x);
is<Eq<Out<typeof grow>, Tree>>();
const json = defineFilter("json", (x: Json): Json => x);
is<Eq<Out<typeof json>, Json>>();
is<Eq<In<typeof json>, Json>>();
// unknown, any, optional, tuples and 64-bit integers
defineFilter("u", (x: unknown) => x);
defineFilter("o", (x: { a?: number; b: [number, string]; c: bigint }) => x);
defineFilter("v", (_x: number) => {});

// bytes and tensors
const bytes = defineFilter("bytes", (x: { image: Uint8Array; name: string }) => x);
is<Eq<Out<typeof bytes>["image"], Uint8Array>>();
const buffer = defineFilter("buffer", (x: string) => Buffer.from(x));
is<Eq<Out<typeof buffer>, Uint8Array<ArrayBuffer>>>();
const wave = defineFilter("wave", (n: number) => new Float64Array(n));
is<Eq<Out<typeof wave>, Tensor<"float64">>>();
const inRecord = defineFilter("in-record", (n: number) => ({ ids: new BigInt64Array(n), n }));
is<Eq<Out<typeof inRecord>, { ids: Tensor<"int64">; n: number }>>();
const image = defineFilter("image", (n: number) => ({
  dtype: "float32",
  shape: [n, n],
  data: new Float32Array(n * n),
}));
is<Eq<Out<typeof image>, Tensor<"float32">>>();
const same = defineFilter("same", (t: Tensor) => t);
is<Eq<Out<typeof same>, Tensor>>();
const weights = defineFilter("weights", {
  fit: (xs: number[]) => ({ w: Float64Array.from(xs) }),
  forward: (xs, s) => xs.map((x, i) => x * (s.w.data[i] ?? 0)),
});
is<Eq<NeedsOf<typeof weights>, { weights: { w: Tensor<"float64"> } }>>();
is<Eq<Out<typeof weights>, number[]>>();
// a fourth key makes it an object
const labelled = defineFilter("labelled", (n: number) => ({
  dtype: "float64",
  shape: [n],
  data: new Float64Array(n),
  name: "x",
}));
is<Eq<Out<typeof labelled>["data"], Tensor<"float64">>>();
is<Eq<Out<typeof labelled>["name"], string>>();

// a filter can't ask for what never arrives as such
// @ts-expect-error a typed array arrives as a tensor
defineFilter("in", (x: Float64Array) => x.length);
// @ts-expect-error a Buffer arrives as a Uint8Array
defineFilter("in", (x: { b: Buffer }) => x.b.length);
// @ts-expect-error labels travel too
defineFilter("y", { fit: (_x: number, _y: Date) => 1, forward: (x) => x });
defineFilter("in", (x: Uint8Array<ArrayBuffer>) => x);
defineFilter("in", (x: Tensor<"float64" | "float32">) => x.data.length);
defineFilter("in", (x: { dtype: string; shape: readonly number[]; data: Float64Array }) => x.shape);
