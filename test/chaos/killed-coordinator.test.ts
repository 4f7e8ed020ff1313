import { describe, test } from "vitest";
import { killClient, killCoordinator } from "./faults.js";
import { order, orderAny } from "./plans.js";
import { LONG_LEASE } from "./processes.js";
import { play, TEST_TIMEOUT_MS } from "./scenario.js";
import { SEEDS } from "./schedule.js";

const WORKERS = [
  { id: "w1", slots: 4, tags: ["odd"], lacksRare: true },
  { id: "w2", slots: 4, tags: ["even"] },
];

describe.each(SEEDS)("seed %i", (seed) => {
  const name =
    "a coordinator that is killed while it works forgets nothing, and nothing runs twice";
  test(name, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: LONG_LEASE,
        workers: WORKERS,
        orders: (chance) => [
          ...[1, 2, 3].map((n) => order(`c${seed}-endless-${n}`, "endless", n, 0)),
          ...orderAny(chance, `c${seed}`, 1500, 40),
        ],
        inFlight: 64,
        watched: 0.2,
        cancelled: 0.05,
        faults: (fleet, work) => [
          [killCoordinator(fleet.coordinator, 1, { least: 0, most: 600 })],
          [killClient(fleet, work, 1, { least: 0, most: 50 })],
        ],
        rhythm: { faults: 8, least: 0, most: 1000 },
      },
      seed,
    );
  });
});
