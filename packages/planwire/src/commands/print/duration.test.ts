import { expect, test } from "vitest";
import { durationText } from "./duration.js";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_234, "1.2 s"],
  [60_000, "1 min"],
  [200_000, "3 min 20 s"],
  [5 * 3_600_000 + 120_000, "5 h 2 min"],
  [51 * 3_600_000, "2 d 3 h"],
])("%i ms are told as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
