import { expect, test } from "vitest";
import { resultRows, rowLine } from "./write-rows.js";

const lines = (result: unknown) => resultRows(result).map(rowLine).join("");

test("an array is a row a line", () => {
  expect(lines([{ a: 1 }, [2], "x", null])).toBe('{"a":1}\n[2]\n"x"\nnull\n');
  expect(lines([])).toBe("");
});

test("anything else is one line", () => {
  expect(lines({ rows: [1, 2] })).toBe('{"rows":[1,2]}\n');
  expect(lines("two\nlines")).toBe('"two\\nlines"\n');
  expect(lines(undefined)).toBe("null\n");
  expect(lines(Uint8Array.of(1, 2))).toBe("[1,2]\n");
  expect(lines(Float64Array.of(1.5, 2))).toBe('{"dtype":"float64","shape":[2],"data":[1.5,2]}\n');
});

test("bytes and tensors inside objects are told as JSON too", () => {
  expect(lines({ raw: Uint8Array.of(7), n: 1 })).toBe('{"raw":[7],"n":1}\n');
});

test("integers keep their digits", () => {
  expect(lines([9007199254740993n])).toBe("9007199254740993\n");
});
