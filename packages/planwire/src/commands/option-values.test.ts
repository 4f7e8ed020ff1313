import { describe, expect, test } from "vitest";
import { duration, size } from "./option-values.js";

describe("a time as an option", () => {
  test.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
  ])("%s is so many milliseconds", (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  test.each(["10", "0s", "0.1ms", "ten s", "-1s", "1w", ""])("%j is none", (text) => {
    expect(() => duration(text)).toThrow("expected a time like 500ms, 10s or 2m");
  });
});

describe("a size as an option", () => {
  test.each([
    ["65536", 65_536],
    ["64KiB", 65_536],
    ["1.5MiB", 1_572_864],
    ["2GiB", 2_147_483_648],
  ])("%s is so many bytes", (text, bytes) => {
    expect(size(text)).toBe(bytes);
  });

  test.each(["0", "1.5", "64KB", "64 KiB", "-1", "lots", ""])("%j is none", (text) => {
    expect(() => size(text)).toThrow("expected a size like 65536, 64KiB or 512MiB");
  });
});
