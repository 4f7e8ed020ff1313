import { decodeBinary, encodeBinary, isPlanwireError, Value } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fromValue } from "./from-value.js";
import { OpaqueObject } from "./opaque-object.js";
import { toValue } from "./to-value.js";

function refusal(plain: unknown): { path: string; found: string } {
  try {
    toValue(plain);
  } catch (error) {
    if (!isPlanwireError(error, "VALUE_UNSUPPORTED")) throw error;
    expect(error.message).toContain(`${error.details.path}: ${error.details.found}`);
    expect(error.hint).toMatch(/^send /);
    return error.details;
  }
  return expect.fail("nothing was thrown");
}

describe("plain data becomes", () => {
  const bytes = Uint8Array.of(1, 2);
  test.each([
    ["text", "x", { type: "Text", data: "x" }],
    ["Json", { a: [1, null, "x", true] }, { type: "Json", data: { a: [1, null, "x", true] } }],
    ["Json null", null, { type: "Json", data: null }],
    ["Empty", undefined, { type: "Empty" }],
    ["Bytes", bytes, { type: "Bytes", data: bytes }],
    [
      "a Record where bytes lie in an object, at every depth",
      { name: "x", n: 1, inner: { bytes, list: [1] }, gone: undefined },
      {
        type: "Record",
        data: [
          ["name", { type: "Text", data: "x" }],
          ["n", { type: "Json", data: 1 }],
          [
            "inner",
            {
              type: "Record",
              data: [
                ["bytes", { type: "Bytes", data: bytes }],
                ["list", { type: "Json", data: [1] }],
              ],
            },
          ],
        ],
      },
    ],
  ])("%s", (_what, plain, value) => {
    expect(toValue(plain)).toStrictEqual(value);
  });

  test("a Uint8Array where a Buffer was, over the same memory", () => {
    const buffer = Buffer.from("planwire");
    const value = toValue(buffer);
    if (value.type !== "Bytes") return expect.fail(value.type);
    expect(value.data.constructor).toBe(Uint8Array);
    expect(value.data.buffer).toBe(buffer.buffer);
    expect(Buffer.from(value.data).toString()).toBe("planwire");
  });

  test.each([
    [Float64Array.of(1.5, NaN), "float64", Float64Array.of(1.5, NaN)],
    [Float32Array.of(1.5), "float32", Float32Array.of(1.5)],
    [BigInt64Array.of(5n), "int64", BigInt64Array.of(5n)],
    [Int32Array.of(-5), "int32", Int32Array.of(-5)],
    [Int8Array.of(-5), "int32", Int32Array.of(-5)],
    [Int16Array.of(-5), "int32", Int32Array.of(-5)],
    [Uint16Array.of(65535), "int32", Int32Array.of(65535)],
    [Uint32Array.of(2 ** 32 - 1), "int64", BigInt64Array.of(2n ** 32n - 1n)],
    [BigUint64Array.of(5n), "int64", BigInt64Array.of(5n)],
    [Uint8ClampedArray.of(255), "uint8", Uint8Array.of(255)],
  ])("a tensor of one dimension: %o", (array, dtype, values) => {
    expect(toValue(array)).toStrictEqual({
      type: "Tensor",
      data: { values, shape: [array.length], dtype },
    });
  });

  test("a tensor where dtype, shape and data stand alone, else a Record", () => {
    const tensor = { dtype: "float64", shape: [1, 2], data: Float64Array.of(1, 2) };
    expect(toValue(tensor)).toStrictEqual({
      type: "Tensor",
      data: { values: tensor.data, shape: [1, 2], dtype: "float64" },
    });
    expect(toValue({ ...tensor, name: "x" }).type).toBe("Record");
    expect(toValue({ ...tensor, data: [1, 2] }).type).toBe("Json");
  });

  test("the opaque object that came in", () => {
    const bytes = Uint8Array.of(7);
    const handle = fromValue({ type: "Object", data: bytes });
    expect(handle).toEqual({ kind: "planwire.object", byteLength: 1 });
    expect(toValue(handle)).toStrictEqual({ type: "Object", data: bytes });
    expect(toValue({ model: handle }).type).toBe("Record");
  });

  test("integers: a number within 2^53, a bigint beyond", () => {
    const plain = [5n, -(2n ** 53n) + 1n, 2n ** 53n, -(2n ** 63n), 2n ** 64n - 1n];
    expect(toValue(plain)).toStrictEqual({
      type: "Json",
      data: [5, -(2 ** 53) + 1, 2n ** 53n, -(2n ** 63n), 2n ** 64n - 1n],
    });
  });

  test("Json without what is undefined, the rest untouched", () => {
    const kept = { deep: [1] };
    const value = toValue({ kept, gone: undefined, [Symbol("s")]: 1 });
    expect(value).toStrictEqual({ type: "Json", data: { kept } });
    if (value.type !== "Json") return;
    expect((value.data as { kept: unknown }).kept).toBe(kept);
  });

  test("Json of which `__proto__` is a key like any other", () => {
    for (const text of ['{"__proto__":{"admin":true}}', '{"__proto__":1,"b":[2]}']) {
      const plain: unknown = JSON.parse(text);
      const copied = toValue({ x: undefined, y: plain });
      expect(JSON.stringify(copied)).toBe(`{"type":"Json","data":{"y":${text}}}`);
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    }
    const record = toValue(
      JSON.parse('{"__proto__":{"a":1}}', (_, x) => (x === 1 ? Uint8Array.of(1) : x)),
    );
    const back = fromValue(record) as object;
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.keys(back)).toEqual(["__proto__"]);
  });

  test("what it was where nothing had to change: no copy is made", () => {
    const plain = { rows: [{ a: 1 }, { a: 2 }] };
    expect((toValue(plain) as { data: unknown }).data).toBe(plain);
  });

  test("Json also where an object has no prototype, or another realm's", () => {
    expect(toValue(Object.assign(Object.create(null), { a: 1 })).type).toBe("Json");
  });
});

class Point {
  x = 1;
}
const sparse: number[] = [];
sparse[1] = 2;

describe("what can't travel is refused with its place:", () => {
  test.each([
    [{ rows: [0, 1, 2, { when: new Date(0) }] }, "$.rows[3].when", "Date"],
    [new Map(), "$", "Map"],
    [{ "my set": new Set() }, '$["my set"]', "Set"],
    [{ p: new Point() }, "$.p", "Point"],
    [/x/, "$", "RegExp"],
    [new Error("x"), "$", "Error"],
    [{ p: Promise.resolve() }, "$.p", "Promise"],
    [() => 1, "$", "function"],
    [{ s: Symbol("s") }, "$.s", "symbol"],
    [NaN, "$", "NaN"],
    [[1, Infinity], "$[1]", "Infinity"],
    [{ a: { b: -Infinity } }, "$.a.b", "-Infinity"],
    [2n ** 64n, "$", "bigint of more than 64 bits"],
    [[1, undefined], "$[1]", "undefined"],
    [sparse, "$[0]", "array hole"],
    [new ArrayBuffer(1), "$", "ArrayBuffer"],
    [new DataView(new ArrayBuffer(1)), "$", "DataView"],
    [BigUint64Array.of(2n ** 63n), "$", "BigUint64Array"],
    [[Uint8Array.of(1)], "$[0]", "Uint8Array inside an array"],
    [{ rows: [{ image: Buffer.of(1) }] }, "$.rows[0].image", "Uint8Array inside an array"],
    [[Float64Array.of(1)], "$[0]", "Float64Array inside an array"],
    [[{ dtype: "bool", shape: [0], data: new Uint8Array() }], "$[0]", "tensor inside an array"],
    [[new OpaqueObject(Uint8Array.of(1))], "$[0]", "Object inside an array"],
    [
      { t: { dtype: "int8", shape: [0], data: new Uint8Array() } },
      "$.t.dtype",
      expect.stringMatching(/^int8, expected one of float64/),
    ],
    [
      { dtype: "float64", shape: [1], data: Float32Array.of(1) },
      "$.data",
      "Float32Array as float64, expected Float64Array",
    ],
    [
      { dtype: "float64", shape: [2], data: Float64Array.of(1) },
      "$",
      "a tensor of shape [2] with 1 number",
    ],
    [
      { dtype: "float64", shape: [-1, -1], data: Float64Array.of(1) },
      "$.shape",
      "no array of sizes",
    ],
    [{ dtype: "float64", shape: "1", data: Float64Array.of(1) }, "$.shape", "no array of sizes"],
  ])("%o", (plain, path, found) => {
    expect(refusal(plain)).toEqual({ path, found });
  });

  test("a cycle, where it closes", () => {
    const root: Record<string, unknown> = { rows: [{}] };
    (root.rows as object[])[0] = { up: root };
    expect(refusal(root)).toEqual({ path: "$.rows[0].up", found: "cyclic reference" });
    const list: unknown[] = [];
    list.push(list);
    expect(refusal(list)).toEqual({ path: "$[0]", found: "cyclic reference" });
  });

  test("the same object at two places is no cycle", () => {
    const shared = { a: 1 };
    expect(toValue({ x: shared, y: [shared, shared] }).type).toBe("Json");
  });

  test("nesting too deep to travel", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(refusal(deep).found).toBe("nesting deeper than 200");
  });

  test("bytes nested too deep to travel; what is not too deep does", () => {
    const nested = (levels: number, inmost: unknown) => {
      let deep = inmost;
      for (let i = 0; i < levels; i++) deep = { deep };
      return deep;
    };
    expect(refusal(nested(129, Uint8Array.of(1))).found).toBe("Uint8Array nested deeper than 128");
    const deepest = nested(128, { bytes: Uint8Array.of(1), json: nested(70, 1) });
    const at127 = nested(127, { bytes: Uint8Array.of(1), json: nested(72, 1) });
    expect(refusal(deepest).found).toBe("Uint8Array nested deeper than 128");
    const frame = encodeBinary({ a: { b: { c: toValue(at127) } } }, { typed: true });
    const { a } = decodeBinary(frame, z.object({ a: z.object({ b: z.object({ c: Value }) }) }));
    expect(fromValue(a.b.c)).toEqual(at127);
  });
});
