import { expect, test } from "vitest";
import { decodeBinary, encodeBinary, reuseFrame } from "./binary.js";

const SIZE = 100_000;

const chunk = (fill: number, size = SIZE) => ({
  type: "ChunkResult" as const,
  stream_id: "s",
  chunk_index: 3,
  value: { type: "Bytes" as const, data: new Uint8Array(size).fill(fill) },
});
const encode = (fill: number, size = SIZE) => encodeBinary(chunk(fill, size), { typed: true });

test("a frame's memory is written again once it is given back, and not before", () => {
  const first = encode(1);
  const second = encode(2);
  expect(second.buffer).not.toBe(first.buffer);
  expect(decodeBinary(first)).toEqual(chunk(1));
  reuseFrame(first);
  const third = encode(3, SIZE + 100);
  expect(third.buffer).toBe(first.buffer);
  expect(decodeBinary(third)).toEqual(chunk(3, SIZE + 100));
  expect(decodeBinary(second)).toEqual(chunk(2));
});

test("a frame that is given back twice serves one frame at a time", () => {
  const frame = encode(1);
  reuseFrame(frame);
  reuseFrame(frame);
  expect(encode(2).buffer).toBe(frame.buffer);
  expect(encode(3).buffer).not.toBe(frame.buffer);
});

test("what is no frame of the encoder's is left alone", () => {
  const foreign = new Uint8Array(2 * SIZE).fill(9);
  reuseFrame(foreign);
  const small = encode(1, 10);
  reuseFrame(small);
  expect(encode(2, SIZE + 50_000).buffer).not.toBe(foreign.buffer);
  expect(encode(2, 10).buffer).not.toBe(small.buffer);
});

test("no more memory is kept than one stream has under way", () => {
  const frames = Array.from({ length: 12 }, (_, i) => encode(i, 1024 * 1024));
  for (const frame of frames) reuseFrame(frame);
  const again = new Set(frames.map((_, i) => encode(i, 1024 * 1024).buffer));
  const reused = frames.filter(({ buffer }) => again.has(buffer));
  expect(reused.length).toBeGreaterThan(0);
  expect(reused.length).toBeLessThanOrEqual(8);
});
