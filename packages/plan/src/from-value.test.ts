import { isPlanwireError, type TensorData } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { fromValue } from "./from-value.js";

function refusal(data: TensorData): { path: string; found: string } {
  try {
    fromValue({ type: "Record", data: [["t", { type: "Tensor", data }]] });
  } catch (error) {
    if (isPlanwireError(error, "VALUE_UNSUPPORTED")) return error.details;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("a tensor that arrives", () => {
  test("as plain numbers, from an older peer, is float64", () => {
    const plain = fromValue({ type: "Tensor", data: { values: [1, NaN], shape: [2, 1] } });
    expect(plain).toStrictEqual({ dtype: "float64", shape: [2, 1], data: Float64Array.of(1, NaN) });
  });

  test.each([
    ["float32", [1.5], Float32Array.of(1.5)],
    ["int64", [5, -7], BigInt64Array.of(5n, -7n)],
    ["int32", [5, -7], Int32Array.of(5, -7)],
    ["uint8", [255], Uint8Array.of(255)],
    ["bool", [0, 1], Uint8Array.of(0, 1)],
  ] as const)("as plain numbers of %s has its array", (dtype, values, data) => {
    const value = { type: "Tensor", data: { values: [...values], shape: [values.length], dtype } };
    expect(fromValue(value as never)).toStrictEqual({ dtype, shape: [values.length], data });
  });

  test("as an array without a dtype has the array's", () => {
    const values = Int32Array.of(1);
    const plain = fromValue({ type: "Tensor", data: { values, shape: [1] } });
    expect(plain).toStrictEqual({ dtype: "int32", shape: [1], data: values });
  });

  test("may be empty, or one number without a shape", () => {
    const empty = fromValue({ type: "Tensor", data: { values: [], shape: [0, 3] } });
    expect(empty).toStrictEqual({ dtype: "float64", shape: [0, 3], data: new Float64Array() });
    const one = fromValue({ type: "Tensor", data: { values: [4], shape: [] } });
    expect(one).toStrictEqual({ dtype: "float64", shape: [], data: Float64Array.of(4) });
  });

  test.each<[TensorData, string, string]>([
    [{ values: [1, 2], shape: [3] }, "$.t", "a tensor of shape [3] with 2 numbers"],
    [{ values: [], shape: [] }, "$.t", "a tensor of shape [] with 0 numbers"],
    [
      { values: [1], shape: [2 ** 30, 2 ** 30, 2 ** 30] },
      "$.t",
      expect.stringContaining("with 1 number"),
    ],
    [
      { values: Float64Array.of(1), shape: [1], dtype: "int32" },
      "$.t",
      "a tensor of int32 with a Float64Array",
    ],
    [{ values: [1, 1.5], shape: [2], dtype: "int32" }, "$.t[1]", "1.5 in a tensor of int32"],
    [{ values: [256], shape: [1], dtype: "uint8" }, "$.t[0]", "256 in a tensor of uint8"],
    [{ values: [2], shape: [1], dtype: "bool" }, "$.t[0]", "2 in a tensor of bool"],
    [{ values: [NaN], shape: [1], dtype: "int64" }, "$.t[0]", "NaN in a tensor of int64"],
    [
      { values: [2 ** 63], shape: [1], dtype: "int64" },
      "$.t[0]",
      "9223372036854776000 in a tensor of int64",
    ],
  ])("is refused where it can't be what it says: %o", (data, path, found) => {
    expect(refusal(data)).toEqual({ path, found });
  });
});

test("a Record's members keep their order and may be Empty", () => {
  const plain = fromValue({
    type: "Record",
    data: [
      ["b", { type: "Text", data: "x" }],
      ["a", { type: "Empty" }],
    ],
  });
  expect(Object.entries(plain as object)).toEqual([
    ["b", "x"],
    ["a", undefined],
  ]);
});
