import { describe, test } from "vitest";
import { stopCoordinator, stopWorker } from "./faults.js";
import { order, orderAny } from "./plans.js";
import { LONG_LEASE } from "./processes.js";
import { play, TEST_TIMEOUT_MS } from "./scenario.js";
import { SEEDS } from "./schedule.js";

const WORKERS = [
  { id: "w1", slots: 4, tags: ["odd"], lacksRare: true },
  { id: "w2", slots: 4, tags: ["even"] },
];

describe.each(SEEDS)("seed %i", (seed) => {
  const brief =
    "workers and a coordinator that stand still for less than a lease run nothing twice";
  test(brief, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: LONG_LEASE,
        workers: WORKERS,
        orders: (chance) => orderAny(chance, `s${seed}`, 800, 40),
        inFlight: 32,
        watched: 0.2,
        cancelled: 0.1,
        faults: ({ coordinator, workers }) => [
          [stopWorker(workers, 1, { least: 50, most: 2000 })],
          [stopCoordinator(coordinator, 1, { least: 50, most: 2000 })],
        ],
        rhythm: { faults: 5, least: 100, most: 500 },
      },
      seed,
    );
  });

  const workersLost =
    "what a worker held that stood still beyond its lease is run by others, and its late result changes nothing";
  test(workersLost, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: { intervalMs: 300, timeoutMs: 3_000 },
        workers: WORKERS,
        orders: (chance) => [
          ...orderAny(chance, `l${seed}`, 500, 100),
          ...[1, 2, 3, 4].map((n) => order(`l${seed}-endless-${n}`, "endless", n, 0)),
        ],
        inFlight: 16,
        watched: 0.2,
        cancelled: 0.1,
        faults: ({ workers }) => [[stopWorker(workers, 1, { least: 4_500, most: 5_500 })]],
        rhythm: { faults: 2, least: 200, most: 1000 },
      },
      seed,
    );
  });

  const slept = "a coordinator that stands still for longer than a lease takes nobody for dead";
  test(slept, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: { intervalMs: 500, timeoutMs: 5_000 },
        workers: WORKERS,
        orders: (chance) => orderAny(chance, `d${seed}`, 300, 100),
        inFlight: 16,
        watched: 0.2,
        cancelled: 0.1,
        faults: ({ coordinator }) => [
          [stopCoordinator(coordinator, 1, { least: 6_500, most: 7_500 })],
        ],
        rhythm: { faults: 1, least: 200, most: 1000 },
      },
      seed,
    );
  });
});
