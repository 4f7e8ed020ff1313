import { expect, test } from "vitest";
import { oneAtATime } from "./one-at-a-time.js";

test("calls during a run make one more run, however many they are", async () => {
  const ends: (() => void)[] = [];
  const call = oneAtATime(() => new Promise<void>((end) => ends.push(end)));
  const settle = () => new Promise((tick) => setImmediate(tick));
  call();
  call();
  call();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await settle();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await settle();
  expect(ends).toHaveLength(2);
  call();
  expect(ends).toHaveLength(3);
});
