import fc from "fast-check";
import { expect, test } from "vitest";
import { holdsLongInteger } from "./long-integer.js";

/** What it stands for: 16 digits that begin the text, or follow what a JSON number can follow. */
const LONG_INTEGER = /^\d{16}|[[,:\s-]\d{16}/;

test("finds what a regular expression finds that looks at every place", () => {
  const digits = fc
    .integer({ min: 1, max: 40 })
    .map((length) => "1234567890".repeat(4).slice(0, length));
  const between = fc.constantFrom(
    "[",
    ",",
    ":",
    " ",
    "\n",
    "\u00a0",
    "-",
    ".",
    "e",
    "+",
    '"',
    "x",
    "é",
    "]",
  );
  const text = fc
    .array(fc.oneof(digits, between), { maxLength: 40 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (text) => {
      expect(holdsLongInteger(text)).toBe(LONG_INTEGER.test(text));
    }),
    { numRuns: 2_000 },
  );
});

test("finds sixteen digits at every place of a text, at its beginning and at its end, and never fifteen", () => {
  const sixteen = "9007199254740993";
  for (let before = 0; before < 40; before++) {
    for (const after of ["", ",", "0", "]".repeat(20)]) {
      const ahead = before === 0 ? "" : `${"x".repeat(before - 1)},`;
      expect(holdsLongInteger(`${ahead}${sixteen}${after}`)).toBe(true);
      expect(holdsLongInteger(`${ahead}${sixteen.slice(1)}x${after}`)).toBe(false);
      expect(holdsLongInteger(`${ahead}0.${sixteen}${after}`)).toBe(false);
    }
  }
});
