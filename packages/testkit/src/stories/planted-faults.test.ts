import { describe, expect, test } from "vitest";
import { simulate } from "../simulate.js";
import type { Plant } from "../sim/world.js";
import { CLIENTS } from "../planted/clients.js";
import { COORDINATORS } from "../planted/coordinators.js";
import { DISKS } from "../planted/disks.js";
import { SHAPES } from "../planted/shapes.js";
import { TOWARDS_OLD } from "../planted/towards-old.js";
import { WORKERS } from "../planted/workers.js";

/** Seeds after which a fault counts as one that nobody would find. */
const MOST_SEEDS = 100;

/** What the oracle says first. */
function complaintOf(plant: Plant): { sentence: string; seed: number } | undefined {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { failure } = simulate(seed, plant);
    if (failure) return { sentence: failure.sentence, seed };
  }
  return undefined;
}

describe.each([
  ["coordinator", COORDINATORS],
  ["coordinator", TOWARDS_OLD],
  ["worker", WORKERS],
  ["client", CLIENTS],
  ["disk", DISKS],
  ["reader of shapes", SHAPES],
])("the oracle finds a %s that", (who, plants) => {
  test.each(Object.entries(plants))("%s", { timeout: 120_000 }, (what, plant) => {
    const complaint = complaintOf(plant);
    if (process.env["PLANWIRE_SHOW"])
      process.stderr.write(
        `${who} ${what}: ${complaint?.seed} ${complaint?.sentence.slice(0, 200)}\n`,
      );
    expect(complaint).toBeDefined();
  });
});
