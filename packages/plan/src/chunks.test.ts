import { expect, test } from "vitest";
import { chunks } from "./chunks.js";

test("rows are grouped in order, the last group as long as what is left", async () => {
  expect(await collect(chunks([1, 2, 3, 4, 5], 2))).toEqual([[1, 2], [3, 4], [5]]);
});

test("no rows give no group", async () => {
  expect(await collect(chunks([], 3))).toEqual([]);
});

test("leaving the loop ends the source, and no row is read ahead", async () => {
  let read = 0;
  let ended = false;
  async function* source() {
    try {
      for (;;) yield (read += 1);
    } finally {
      ended = true;
    }
  }
  for await (const group of chunks(source(), 3)) {
    expect(group).toEqual([1, 2, 3]);
    break;
  }
  expect(read).toBe(3);
  expect(ended).toBe(true);
});

test.each([0, -1, 1.5, NaN, Infinity])(
  "a size of %d is refused before anything is read",
  (size) => {
    expect(() => chunks([1], size)).toThrow("size must be a whole number from 1");
  },
);

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}
