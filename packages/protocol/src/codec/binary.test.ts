import { decode, encode, ExtData } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { isPlanwireError, type PlanwireError } from "../errors.js";
import { LIMITS } from "../limits.js";
import { JsonValue } from "../schema/json-value.js";
import type { DType, TypedArray } from "../tensor.js";
import { Value } from "../value.js";
import { decodeBinary, encodeBinary } from "./binary.js";
import { encodeText } from "./text.js";
import { swapBytes } from "./tensor-ext.js";

function errorOf(run: () => unknown): PlanwireError<"INVALID_MESSAGE"> {
  try {
    run();
  } catch (error) {
    if (isPlanwireError(error)) return error as PlanwireError<"INVALID_MESSAGE">;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

const json = (data: unknown): Value => ({ type: "Json", data: data as JsonValue });

/** The frame at an offset where nothing is aligned, as a socket may deliver it. */
function shifted(frame: Uint8Array, by: number): Uint8Array {
  const buffer = new Uint8Array(frame.length + by);
  buffer.set(frame, by);
  return buffer.subarray(by);
}

describe("what is written for an inherited peer", () => {
  test.each<[unknown, string]>([
    [{ a: undefined, b: null }, "81a162c0"],
    [Uint8Array.of(1, 255), "9201ccff"],
    [Float64Array.of(1, 0.5), "9201cb3fe0000000000000"],
    [Int32Array.of(-1), "91ff"],
    [BigInt64Array.of(2n ** 53n), "91cb4340000000000000"],
    [-0, "cb8000000000000000"],
    [NaN, "cb7ff8000000000000"],
    [2 ** 32, "cf0000000100000000"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
    [5n, "05"],
    [2 ** 60, "cb43b0000000000000"],
  ])("%o as %s", (value, hex) => {
    expect(Buffer.from(encodeBinary(value)).toString("hex")).toBe(hex);
  });

  test("strings and containers of every head width are what @msgpack/msgpack reads", () => {
    for (const length of [
      0, 1, 10, 23, 24, 31, 32, 85, 86, 255, 256, 16_384, 16_385, 21845, 21846, 65535, 65536, 70000,
    ]) {
      for (const unit of ["a", "é", "🚀"]) {
        const text = unit.repeat(length);
        expect(decode(encodeBinary(text))).toBe(text);
      }
      const items = Array.from({ length }, (_, i) => i);
      expect(decode(encodeBinary(items))).toEqual(items);
      const map = Object.fromEntries(items.map((i) => [`k${i}`, i]));
      expect(decode(encodeBinary(map))).toEqual(map);
      expect(decode(encodeBinary(new Uint8Array(length), { typed: true }))).toEqual(
        new Uint8Array(length),
      );
    }
  });

  test("an int64 that float64 can't hold is refused with its path", () => {
    const tensor = {
      type: "Tensor",
      data: { values: BigInt64Array.of(1n, 2n ** 53n + 1n), shape: [2] },
    };
    expect(errorOf(() => encodeBinary({ value: tensor }))).toMatchObject({
      code: "VALUE_UNSUPPORTED",
      details: {
        path: "value.data.values[1]",
        found: "9007199254740993, which float64 can't hold exactly",
      },
    });
    expect(decodeBinary(encodeBinary(tensor, { typed: true }), Value)).toStrictEqual(tensor);
  });

  test("what is no data is refused with its path", () => {
    expect(errorOf(() => encodeBinary({ a: [2n ** 64n] })).details).toMatchObject({ path: "a[0]" });
    expect(errorOf(() => encodeBinary({ a: () => 1 })).details).toMatchObject({
      path: "a",
      found: "function",
    });
    expect(errorOf(() => encodeBinary({ a: Int16Array.of(1) })).details).toMatchObject({
      found: "Int16Array",
    });
    const loop: unknown[] = [];
    loop.push(loop);
    expect(errorOf(() => encodeBinary(loop)).code).toBe("VALUE_UNSUPPORTED");
    expect(decode(encodeBinary("still works"))).toBe("still works");
  });

  test("a key __proto__ is refused with its path, since no reader of ours takes it", () => {
    const value = { type: "Json", data: [JSON.parse('{"a":1,"__proto__":{"b":1}}')] };
    for (const typed of [false, true]) {
      expect(errorOf(() => encodeBinary(value, { typed }))).toMatchObject({
        code: "VALUE_UNSUPPORTED",
        details: { path: "data[0]", found: 'the key "__proto__"' },
      });
    }
    expect(decodeBinary(encodeBinary({ a: "__proto__" }), JsonValue)).toEqual({ a: "__proto__" });
  });

  const AnyData = z.unknown();
  const nests: [string, (inner: unknown) => unknown, unknown][] = [
    ["arrays", (inner) => [inner], []],
    ["maps", (inner) => ({ a: inner }), {}],
    ["arrays around bytes", (inner) => [inner], Uint8Array.of()],
  ];
  test.each(nests)("%s nest as deep as they are read, and no deeper", (_, around, innermost) => {
    const nested = (levels: number) => {
      let value = innermost;
      for (let level = 0; level < levels; level++) value = around(value);
      return value;
    };
    const deepest = encodeBinary(nested(LIMITS.frameDepth));
    expect(() => decodeBinary(deepest, AnyData)).not.toThrow();
    const tooDeep = nested(LIMITS.frameDepth + 1);
    const error = errorOf(() => encodeBinary(tooDeep));
    expect(error).toMatchObject({
      code: "VALUE_UNSUPPORTED",
      details: { found: "nesting deeper than 512 levels" },
    });
    expect(error.message.length).toBeLessThan(200);
    expect(errorOf(() => decodeBinary(encode(tooDeep, { maxDepth: 600 }), AnyData)).code).toBe(
      "INVALID_MESSAGE",
    );
  });

  test("elements that are written one by one are a level of nesting", () => {
    let value: unknown = Uint8Array.of(1);
    for (let level = 0; level < LIMITS.frameDepth; level++) value = [value];
    expect(errorOf(() => encodeBinary(value)).code).toBe("VALUE_UNSUPPORTED");
    expect(() => decodeBinary(encodeBinary(value, { typed: true }), AnyData)).not.toThrow();
  });

  test("frames that were given out are never written over", () => {
    const small = encodeBinary("a".repeat(100));
    const large = encodeBinary("b".repeat(100_000));
    encodeBinary("c".repeat(200_000));
    expect(decode(small)).toBe("a".repeat(100));
    expect(decode(large)).toBe("b".repeat(100_000));
  });
});

describe("typed values between our own peers", () => {
  const tensors: [DType, TypedArray][] = [
    ["float64", Float64Array.of(1.5, -0, NaN, Infinity)],
    ["float32", Float32Array.of(0.5, NaN, 3)],
    ["int64", BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ["int32", Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0)],
    ["uint8", Uint8Array.of(0, 255, 7)],
    ["bool", Uint8Array.of(0, 1)],
    ["float64", new Float64Array(0)],
  ];

  test.each(tensors)(
    "a %s tensor is read in place where memory is aligned, else copied",
    (dtype, values) => {
      const value: Value = { type: "Tensor", data: { values, shape: [values.length], dtype } };
      for (const padding of ["", "x", "xxx", "xxxxxx"]) {
        const frame = encodeBinary([padding, value], { typed: true });
        for (let by = 0; by < 8; by++) {
          const bytes = shifted(frame, by);
          const [, raw] = decodeBinary(bytes, JsonPair);
          const read = Value.parse(raw);
          expect(read).toStrictEqual(value);
          // Sockets give Buffers, some of whose methods differ.
          const buffer = Buffer.from(bytes.buffer, by);
          expect(Value.parse(decodeBinary(buffer, JsonPair)[1])).toStrictEqual(value);
          if (by !== 0 || read.type !== "Tensor" || Array.isArray(read.data.values)) continue;
          expect(read.data.values.buffer).toBe(bytes.buffer);
        }
      }
    },
  );

  test("bytes of a Buffer are plain bytes, in place", () => {
    const value: Value = { type: "Bytes", data: Uint8Array.of(1, 2, 3) };
    const frame = Buffer.from(encodeBinary(value, { typed: true }));
    const read = decodeBinary(frame, Value);
    expect(read).toStrictEqual(value);
    expect(read.type === "Bytes" && read.data.buffer).toBe(frame.buffer);
  });

  test("a tensor's elements may be a part of a larger array", () => {
    const values = new Float64Array([0, 1, 2, 3]).subarray(1, 3);
    const frame = encodeBinary({ type: "Tensor", data: { values, shape: [2] } }, { typed: true });
    expect(decodeBinary(frame, Value)).toStrictEqual({
      type: "Tensor",
      data: { values: Float64Array.of(1, 2), shape: [2] },
    });
  });

  test("bytes are a view into the frame", () => {
    const frame = encodeBinary({ type: "Bytes", data: Uint8Array.of(1, 2) }, { typed: true });
    const value = decodeBinary(frame, Value);
    expect(value.type === "Bytes" && value.data.buffer).toBe(frame.buffer);
  });

  test("without tensors, typed arrays travel as numbers, bytes still as bin", () => {
    const frame = encodeBinary(
      { values: Int32Array.of(1), shape: [1], bytes: Uint8Array.of(1) },
      { typed: true, tensors: false },
    );
    expect(decode(frame)).toEqual({ values: [1], shape: [1], bytes: Uint8Array.of(1) });
  });

  test("data that doesn't match its dtype is refused", () => {
    const frame = encodeBinary(
      { type: "Tensor", data: { values: Int32Array.of(1), shape: [1], dtype: "float32" } },
      { typed: true },
    );
    expect(errorOf(() => decodeBinary(frame, Value)).details).toEqual({
      path: "data.values",
      expected: "float32 data",
    });
  });

  test.each([
    new Uint8Array(0),
    Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(3, 0, 0),
    Uint8Array.of(0, 1, 2, 3),
  ])("an ext payload of broken length is refused: %o", (payload) => {
    const frame = encode({ type: "Tensor", data: { values: new ExtData(1, payload), shape: [1] } });
    expect(errorOf(() => decodeBinary(frame, Value)).code).toBe("INVALID_MESSAGE");
  });

  test("elements are swapped for a big-endian host", () => {
    expect(swapBytes(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 4)).toEqual(
      Uint8Array.of(4, 3, 2, 1, 8, 7, 6, 5),
    );
  });
});

describe("what is read", () => {
  test("64-bit integers are numbers where float64 holds them for sure, at any depth", () => {
    const frame = encode(
      { a: [1n, { b: 2n ** 53n - 1n, c: 2n ** 53n, d: -(2n ** 63n) }] },
      { useBigInt64: true },
    );
    expect(decodeBinary(frame, JsonValue)).toStrictEqual({
      a: [1, { b: 2 ** 53 - 1, c: 2n ** 53n, d: -(2n ** 63n) }],
    });
  });

  test.each<[string, unknown]>([
    ["Uint8Array", Uint8Array.of(1)],
    ["ExtData", new ExtData(100, Uint8Array.of(1))],
    ["ExtData", new Date(0)],
    ["NaN", NaN],
    ["Infinity", Infinity],
  ])("%s inside Json is refused with its path", (found, inside) => {
    const error = errorOf(() => decodeBinary(encode(json({ rows: [inside] })), Value));
    expect(error.details.path).toBe("data.rows[0]");
    expect(error.message).toContain(`found ${found}`);
  });

  test("a typed array inside Json is refused", () => {
    const frame = encodeBinary(json([Float64Array.of(1)]), { typed: true });
    expect(errorOf(() => decodeBinary(frame, Value)).message).toContain("found Float64Array");
  });

  test("__proto__ as a key is refused by name, and harms nothing", () => {
    const frame = encode({ type: "Json", data: JSON.parse('{"__proto__":{"polluted":1}}') });
    const error = errorOf(() => decodeBinary(frame, Value));
    expect(error.code).toBe("INVALID_MESSAGE");
    expect(error.message).toContain("__proto__");
    expect("polluted" in {}).toBe(false);
    const harmless = json({ constructor: { prototype: 1 }, hasOwnProperty: 2, toString: null });
    expect(encodeText(decodeBinary(encodeBinary(harmless), Value))).toBe(encodeText(harmless));
  });

  test.each([
    ["nothing", []],
    ["a byte that is no head", [0xc1]],
    ["a map that ends early", [0x81, 0xa1, 0x61]],
    ["a string that ends early", [0xa5, 0x61]],
    ["a length that ends early", [0xdb, 0, 0]],
    ["bytes after the message", [0xc0, 0xc0]],
    ["a key that is an integer", [0x81, 0x01, 0x01]],
    ["an array that claims 32 million items", [0xdd, 0x01, 0xff, 0xff, 0xff]],
    ["a map that claims 4 billion members", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    [
      "arrays in arrays that claim more than there is",
      Array.from({ length: 99 }, (_, i) => [0xdc, 0xff, 0][i % 3] ?? 0),
    ],
    ["deep nesting", Array.from({ length: 100_000 }, () => 0x91)],
  ])("%s is INVALID_MESSAGE", (_, bytes) => {
    expect(errorOf(() => decodeBinary(Uint8Array.from(bytes)))).toMatchObject({
      code: "INVALID_MESSAGE",
      details: { path: "", expected: "msgpack" },
    });
  });

  test("an unknown type is named, in either form", () => {
    expect(errorOf(() => decodeBinary(encode({ type: "Nope" }))).code).toBe("UNKNOWN_TYPE");
    expect(errorOf(() => decodeBinary(encode(["Nope", 1]))).message).toBe(
      'unknown message type "Nope"',
    );
  });
});

const JsonPair = z.array(z.unknown());
