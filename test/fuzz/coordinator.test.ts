// Frames of every kind of brokenness against a real coordinator, while a well-behaved client and worker go on beside it.
import { fileURLToPath } from "node:url";
import { connect } from "planwire";
import { expect, onTestFinished, test } from "vitest";
import { seedOfRun } from "./seed-of-run.js";
import { FRAMES_OF_WAVE, fuzzWave } from "./fuzz-coordinator.js";
import { MeasuredProcess } from "./measured-process.js";
import { Neighbour } from "./neighbour.js";

const FRAMES = Number(process.env["PLANWIRE_FUZZ_FRAMES"] ?? 60_000);
const MOST_GROWTH_BYTES = 8 * 1024 * 1024;
const WORKER = new URL("./fixtures/worker.mjs", import.meta.url);

function start(script: URL, ...args: string[]): MeasuredProcess {
  const started = new MeasuredProcess(script, args);
  onTestFinished(() => started.stop());
  return started;
}
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

test("a coordinator answers broken frames as promised, harms no neighbour by them, and keeps nothing", async () => {
  const seed = seedOfRun();
  const coordinator = start(new URL("./fixtures/coordinator.mjs", import.meta.url), "memory");
  const url = await coordinator.told<string>("url");
  const workers = [
    start(WORKER, url, "neighbour", path("./fixtures/neighbour-filters.ts")),
    start(WORKER, url, "takes-anything", path("./fixtures/any-filter.ts")),
  ];
  const pw = await connect(url);
  onTestFinished(() => pw.close());
  await expect.poll(async () => (await pw.workers()).length, { timeout: 120_000 }).toBe(2);
  const baseline = await summary(url);

  const neighbour = new Neighbour(pw);
  const waves = Math.max(2, Math.ceil(FRAMES / FRAMES_OF_WAVE));
  const heaps: number[] = [];
  for (let wave = 0; wave < waves; wave++) {
    const wrong = await fuzzWave(url, seed + wave);
    expect(wrong, `PLANWIRE_SEED=${seed + wave}`).toEqual([]);
    expect(coordinator.faults, `PLANWIRE_SEED=${seed + wave}`).toEqual([]);
    if (wave === Math.floor(waves / 2) - 1) heaps.push(await coordinator.heapBytes());
  }
  heaps.push(await coordinator.heapBytes());
  await neighbour.stop();
  // What was accepted waits for its worker, however strange it is.
  for (const state of ["Queued", "Running"] as const) {
    const { plans } = await pw.plans({ state, limit: 1000 });
    for (const { id } of plans) await pw.cancel(id);
  }
  await expect.poll(() => summary(url), { timeout: 120_000, interval: 200 }).toEqual(baseline);
  const [half = 0, end = 0] = heaps;
  expect(end - half, `heap after half of the frames: ${half}`).toBeLessThan(MOST_GROWTH_BYTES);
  expect(neighbour.wrong).toEqual([]);
  expect(neighbour.plans).toBeGreaterThan(waves);
  expect(neighbour.streams).toBeGreaterThan(waves);
  expect([...coordinator.faults, ...workers.flatMap(({ faults }) => faults)]).toEqual([]);
}, 600_000);

/** What the coordinator holds, as its page tells. */
async function summary(url: string): Promise<unknown> {
  const response = await fetch(`${url.replace("ws:", "http:")}/summary`);
  return response.json();
}
