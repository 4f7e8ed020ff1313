import { describe, test } from "vitest";
import { killWorker, leave } from "./faults.js";
import { order, orderAny } from "./plans.js";
import { LONG_LEASE } from "./processes.js";
import { play, TEST_TIMEOUT_MS } from "./scenario.js";
import { SEEDS } from "./schedule.js";

describe.each(SEEDS)("seed %i", (seed) => {
  const name = "workers that are killed while they work lose nothing, and others run nothing twice";
  test(name, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: LONG_LEASE,
        workers: [
          { id: "w1", slots: 4, tags: ["odd"], lacksRare: true },
          { id: "w2", slots: 4, tags: ["even"] },
          { id: "w3", slots: 2, tags: ["odd", "even"] },
        ],
        orders: (chance) => [
          ...orderAny(chance, `k${seed}`, 1200, 40),
          ...[1, 2, 3].map((n) => order(`k${seed}-killer-${n}`, "killsWorker", n, 0)),
          ...[1, 2, 3].map((n) => order(`k${seed}-stubborn-${n}`, "stubbornApart", n, 0)),
        ],
        inFlight: 48,
        watched: 0.2,
        cancelled: 0.05,
        faults: ({ workers }) => {
          const away = { least: 0, most: 500 };
          return [[killWorker(workers, 3, away), leave(workers, 1, away)]];
        },
        rhythm: { faults: 10, least: 100, most: 1000 },
      },
      seed,
    );
  });
});
