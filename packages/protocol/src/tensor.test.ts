import { expect, test } from "vitest";
import { decodeText } from "./codec/text.js";
import { issuesOf } from "./issues.js";
import { TensorData, type DType } from "./tensor.js";
import { Value } from "./value.js";

test.each<[DType, unknown[], unknown]>([
  ["float64", [1, null, -0, 2n ** 60n], Float64Array.of(1, NaN, -0, 2 ** 60)],
  ["float32", [0.5, null], Float32Array.of(0.5, NaN)],
  ["int64", [1, 2n ** 63n - 1n, -(2n ** 63n)], BigInt64Array.of(1n, 2n ** 63n - 1n, -(2n ** 63n))],
  ["int32", [-(2 ** 31), 2 ** 31 - 1], Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
  ["uint8", [0, 255], Uint8Array.of(0, 255)],
  ["bool", [0, 1], Uint8Array.of(0, 1)],
])("a plain array that names %s becomes its typed array, exactly", (dtype, values, expected) => {
  expect(TensorData.parse({ values, shape: [values.length], dtype }).values).toStrictEqual(
    expected,
  );
});

test.each<[DType, unknown, number]>([
  ["int64", 2n ** 63n, 1],
  ["int64", 0.5, 1],
  ["int32", 2 ** 31, 1],
  ["uint8", -1, 1],
  ["uint8", 256, 1],
  ["bool", 2, 1],
  ["float32", "1", 1],
])("%s takes no %s", (dtype, bad, at) => {
  const { error } = TensorData.safeParse({ values: [1, bad], shape: [2], dtype });
  expect(issuesOf(error ?? { issues: [] })[0]?.path).toBe(`values[${at}]`);
});

test("without a dtype the numbers are floats: null is NaN, a long integer the nearest float", () => {
  const text = '{"type":"Tensor","data":{"values":[null,9007199254740993,1],"shape":[3]}}';
  expect(decodeText(text, Value)).toStrictEqual({
    type: "Tensor",
    data: { values: [NaN, 9007199254740992, 1], shape: [3] },
  });
});

test("values that don't fill the shape travel as they are", () => {
  expect(
    TensorData.parse([
      [1, 2, 3],
      [2, 2],
    ]),
  ).toEqual({ values: [1, 2, 3], shape: [2, 2] });
});

test.each([
  [{ values: 1, shape: [] }],
  [{ shape: [] }],
  [{ values: [], shape: [-1] }],
  [{ values: [true], shape: [1] }],
])("%j is no tensor", (data) => {
  expect(TensorData.safeParse(data).success).toBe(false);
});
