import { describe, test } from "vitest";
import {
  cutAll,
  cutWires,
  delayWires,
  halfOpenWires,
  killClient,
  killCoordinator,
  killWorker,
  leave,
  refuseWires,
  stallWires,
  stopCoordinator,
  stopWorker,
  wiresOf,
} from "./faults.js";
import { order, orderAny, type Kind } from "./plans.js";
import { play, TEST_TIMEOUT_MS } from "./scenario.js";
import { SEEDS } from "./schedule.js";

const DEADLY: readonly Kind[] = [
  "killsIsolate",
  "killsThread",
  "killsWorker",
  "stubborn",
  "stubbornApart",
];

describe.each(SEEDS)("seed %i", (seed) => {
  const name = "with everything going wrong at once, each plan has one end that all are told";
  test(name, { timeout: TEST_TIMEOUT_MS }, async () => {
    await play(
      {
        lease: { intervalMs: 500, timeoutMs: 5_000 },
        workers: [
          { id: "w1", slots: 4, tags: ["odd"], lacksRare: true },
          { id: "w2", slots: 4, tags: ["even"] },
          { id: "w3", slots: 2, tags: ["odd", "even"] },
        ],
        orders: (chance) => [
          ...orderAny(chance, `e${seed}`, 1200, 60),
          ...DEADLY.map((kind, n) => order(`e${seed}-${kind}`, kind, n, 0)),
          ...orderAny(chance, `f${seed}`, 300, 60),
        ],
        inFlight: 64,
        watched: 0.2,
        cancelled: 0.1,
        faults: (fleet, work) => {
          const { coordinator, workers } = fleet;
          const wires = wiresOf(fleet, work);
          const brief = { least: 50, most: 1500 };
          return [
            [
              killWorker(workers, 2, brief),
              stopWorker(workers, 1, { least: 50, most: 7_000 }),
              leave(workers, 1, brief),
            ],
            [
              killCoordinator(coordinator, 2, brief),
              leave([coordinator], 1, brief),
              stopCoordinator(coordinator, 1, { least: 50, most: 3_000 }),
              killClient(fleet, work, 1, { least: 0, most: 50 }),
            ],
            [
              cutWires(wires, 4),
              cutAll(wires, 1),
              stallWires(wires, 2, brief),
              halfOpenWires(wires, 2, brief),
              refuseWires(wires, 2, brief),
              delayWires(wires, 1, brief),
            ],
          ];
        },
        rhythm: { faults: 8, least: 0, most: 1000 },
      },
      seed,
    );
  });
});
