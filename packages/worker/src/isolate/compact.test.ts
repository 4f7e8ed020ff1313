import type { Value } from "@planwire/protocol";
import { expect, test } from "vitest";
import { compactValue } from "./compact.js";

test("a view into a larger buffer is copied out, at every depth, and stays what it is", () => {
  const frame = new Uint8Array(1024).fill(7);
  const numbers = new Float64Array(frame.buffer, 64, 4);
  const value: Value = {
    type: "Record",
    data: [
      ["bytes", { type: "Bytes", data: frame.subarray(8, 16) }],
      ["tensor", { type: "Tensor", data: { values: numbers, shape: [4], dtype: "float64" } }],
    ],
  };
  const compact = compactValue(value);
  expect(compact).toEqual(value);
  if (compact.type !== "Record") throw new Error("a Record stays a Record");
  for (const [, member] of compact.data) {
    const view =
      member.type === "Tensor" ? member.data.values : member.type === "Bytes" && member.data;
    if (!ArrayBuffer.isView(view)) throw new Error("a view stays a view");
    expect(view.buffer.byteLength).toBe(view.byteLength);
  }
});

test("a Buffer of the pool becomes bytes of its own", () => {
  const compact = compactValue({ type: "Bytes", data: Buffer.from("hi") });
  if (compact.type !== "Bytes") throw new Error("Bytes stay Bytes");
  expect(compact.data.buffer.byteLength).toBe(2);
});

test("what fills its buffer is not copied", () => {
  const data = Uint8Array.of(1, 2);
  expect(compactValue({ type: "Bytes", data })).toMatchObject({ data });
});
