import { expect, test } from "vitest";
import { parseInput } from "./input-value.js";

const parse = (text: string) => parseInput(text, "in.json");

test.each([
  ["[1,2]", [1, 2]],
  ['"text"', "text"],
  ["null", null],
  ['{"type":"user","data":1}', { type: "user", data: 1 }],
  ['{"type":"Text","data":"x","more":1}', { type: "Text", data: "x", more: 1 }],
  ['[{"type":"Text","data":"x"}]', [{ type: "Text", data: "x" }]],
])("%s is plain data", (text, data) => {
  expect(parse(text)).toEqual({ type: "Json", data });
});

test.each([
  ['{"type":"Text","data":"x"}', { type: "Text", data: "x" }],
  ['{"type":"Empty"}', { type: "Empty" }],
  ['{"data":[104,105],"type":"Bytes"}', { type: "Bytes", data: Uint8Array.of(104, 105) }],
  ['{"type":"Json","data":{"type":"Text"}}', { type: "Json", data: { type: "Text" } }],
])("%s is a tagged value", (text, value) => {
  expect(parse(text)).toEqual(value);
});

test("integers keep their digits", () => {
  expect(parse('{"id":9007199254740993}')).toEqual({
    type: "Json",
    data: { id: 9007199254740993n },
  });
});

test("__proto__ is a key like any other", () => {
  const { data } = parse('{"__proto__":{"admin":true}}') as { data: object };
  expect(Object.keys(data)).toEqual(["__proto__"]);
  expect("admin" in data).toBe(false);
});

test("a tagged value of the wrong kind says where, and how to mean plain data", () => {
  expect(() => parse('{"type":"Bytes","data":[1,256]}')).toThrow(
    expect.objectContaining({
      code: "BAD_USAGE",
      message: "in.json holds no value at data[1]: expected an integer 0..255",
      hint: expect.stringContaining('{"type":"Json"'),
    }),
  );
});

test.each([
  ['{"a": 1,\n  oops}', "Quoted object key expected but got 'o' at line 2, column 3"],
  ["[1,\n2,\noops]", "Array item expected but got 'o' at line 3, column 1"],
  ['["x', "End of string '\"' expected but reached end of input at line 1, column 4"],
])("broken JSON is told with its line and column: %j", (text, reason) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: "BAD_USAGE", message: `in.json is not JSON: ${reason}` }),
  );
});

test("an empty file is named as such", () => {
  expect(() => parse(" \n")).toThrow("in.json is not JSON: it is empty");
});
