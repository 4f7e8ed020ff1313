import { describe, test } from "vitest";
import {
  cutAll,
  cutWires,
  delayWires,
  halfOpenWires,
  refuseWires,
  stallWires,
  wiresOf,
} from "./faults.js";
import { orderAny } from "./plans.js";
import { LONG_LEASE } from "./processes.js";
import { play, TEST_TIMEOUT_MS } from "./scenario.js";
import { SEEDS } from "./schedule.js";

const WORKERS = [
  { id: "w1", slots: 4, tags: ["odd"], lacksRare: true },
  { id: "w2", slots: 4, tags: ["even"] },
];

describe.each(SEEDS)("seed %i", (seed) => {
  const name = "whatever happens to wires, nothing is lost, and nothing runs twice";
  test(name, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: LONG_LEASE,
        workers: WORKERS,
        orders: (chance) => orderAny(chance, `x${seed}`, 1500, 40),
        inFlight: 64,
        watched: 0.2,
        cancelled: 0.1,
        faults: (fleet, work) => {
          const wires = wiresOf(fleet, work);
          const brief = { least: 50, most: 1500 };
          const faults = [
            cutWires(wires, 4),
            cutAll(wires, 1),
            stallWires(wires, 3, brief),
            halfOpenWires(wires, 2, brief),
            refuseWires(wires, 2, brief),
            delayWires(wires, 1, brief),
          ];
          return [faults, faults];
        },
        rhythm: { faults: 12, least: 0, most: 300 },
      },
      seed,
    );
  });
});
