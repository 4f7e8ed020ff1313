import { describe, expect, test } from "vitest";
import { duration } from "./option-values.js";

describe("a time as an option", () => {
  test.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
  ])("%s is so many milliseconds", (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  test.each(["10", "0s", "0.1ms", "ten s", "-1s", "1d", ""])("%j is none", (text) => {
    expect(() => duration(text)).toThrow("expected a time like 500ms, 10s or 2m");
  });
});
