import { expect, test } from "vitest";
import { GpuLoad, readUsage } from "./gpu-load.js";

test("percents become fractions, one for each GPU", () => {
  expect(readUsage("37\n100\n0\n")).toEqual([0.37, 1, 0]);
  expect(readUsage("[N/A]\n50\n")).toEqual([0, 0.5]);
  expect(readUsage("")).toEqual([]);
  expect(readUsage("NVIDIA-SMI has failed because it couldn't communicate\n")).toEqual([]);
});

test("a sample never waits, asks one question at a time, and not too often", async () => {
  const answers: ((text: string | undefined) => void)[] = [];
  const load = new GpuLoad(() => new Promise((resolve) => answers.push(resolve)));
  expect(load.sample(0)).toEqual([]);
  expect(load.sample(10_000)).toEqual([]);
  expect(answers).toHaveLength(1);
  answers[0]?.("40\n");
  await new Promise((resolve) => setImmediate(resolve));
  expect(load.sample(4_999)).toEqual([0.4]);
  expect(answers).toHaveLength(1);
  expect(load.sample(5_000)).toEqual([0.4]);
  expect(answers).toHaveLength(2);
  answers[1]?.(undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(load.sample(6_000)).toEqual([]);
});
