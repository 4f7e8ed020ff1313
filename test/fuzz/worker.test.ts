// Frames of every kind of brokenness against a real worker, among assignments whose results are known.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { seedOfRun } from "./seed-of-run.js";
import { FRAMES_OF_SESSION, FuzzingCoordinator } from "./fuzz-worker.js";
import { MeasuredProcess } from "./measured-process.js";

const FRAMES = Number(process.env["PLANWIRE_FUZZ_FRAMES"] ?? 50_000);
const MOST_GROWTH_BYTES = 16 * 1024 * 1024;
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

test("a worker answers broken frames as promised, runs what can be understood, and keeps nothing", async () => {
  const seed = seedOfRun();
  const coordinator = await FuzzingCoordinator.listen(seed);
  onTestFinished(() => coordinator.close());
  const filters = ["./fixtures/neighbour-filters.ts", "./fixtures/any-filter.ts"].map(path);
  const worker = new MeasuredProcess(new URL("./fixtures/worker.mjs", import.meta.url), [
    coordinator.url,
    "fuzzed",
    ...filters,
  ]);
  onTestFinished(() => worker.stop());

  const sessions = Math.max(2, Math.ceil(FRAMES / FRAMES_OF_SESSION));
  const heaps: number[] = [];
  for (let session = 0; session < sessions; session++) {
    const wrong = await coordinator.fuzz();
    expect([...wrong, ...worker.faults], `PLANWIRE_SEED=${seed}, session ${session}`).toEqual([]);
    if (session === Math.floor(sessions / 2) - 1) heaps.push(await worker.heapBytes());
  }
  heaps.push(await worker.heapBytes());
  const [half = 0, end = 0] = heaps;
  expect(end - half, `heap after half of the frames: ${half}`).toBeLessThan(MOST_GROWTH_BYTES);

  const ended = once(worker.child, "exit");
  await coordinator.shutDown();
  expect(await ended).toEqual([0, null]);
}, 600_000);
