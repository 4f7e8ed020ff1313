import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshId } from "./fresh-id.js";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("ids of a later millisecond sort behind those before, byte by byte", () => {
  const times = [0, 61, 62, 1_700_000_000_000, 1_700_000_000_001, 62 ** 7, 62 ** 8 - 1];
  const ids = times.map((time) => {
    vi.setSystemTime(time);
    return freshId();
  });
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z]{22}$/);
});

test("ids of one millisecond differ", () => {
  const ids = Array.from({ length: 1_000 }, freshId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("every digit comes at every place that is left to chance", () => {
  const ids = Array.from({ length: 5_000 }, freshId);
  for (let place = 8; place < 22; place++) {
    expect(new Set(ids.map((id) => id.charAt(place))).size).toBe(62);
  }
});
