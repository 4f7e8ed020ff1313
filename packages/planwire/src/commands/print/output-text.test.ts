import { expect, test } from "vitest";
import { outputText } from "./output-text.js";

test("text and bytes are as they are, Empty is nothing, a record is an object", () => {
  expect(outputText({ type: "Text", data: "hello" }, false)).toBe("hello\n");
  expect(outputText({ type: "Bytes", data: Uint8Array.of(1) }, false)).toEqual(Uint8Array.of(1));
  expect(outputText({ type: "Empty" }, false)).toBe("");
  const record = { type: "Record", data: [["a", { type: "Text", data: "x" }]] } as const;
  expect(
    outputText({ type: "Record", data: [...record.data].map(([k, v]) => [k, v]) }, false),
  ).toBe('{"a":"x"}\n');
});

test("bytes don't go to a terminal", () => {
  expect(outputText({ type: "Bytes", data: Uint8Array.of(1, 2) }, true)).toContain("2 bytes");
});
