import { expect, test } from "vitest";
import { prettyJson } from "./pretty-json.js";

test("JSON stays on a line where it fits, and keeps the digits of integers", () => {
  expect(prettyJson({ a: [1, 2], id: 9007199254740993n })).toBe(
    '{"a":[1,2],"id":9007199254740993}',
  );
});

test("JSON is broken where it does not, and says the same", () => {
  const value = { rows: Array.from({ length: 30 }, (_, i) => ({ name: `row ${i}`, i })), n: 1 };
  const text = prettyJson(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text.split("\n").slice(0, 3)).toEqual(["{", '  "rows": [', '    {"name":"row 0","i":0},']);
});
