import { describe, expect, test } from "vitest";
import { runSeeds } from "./run-seeds.js";

describe("the simulator", () => {
  // PLANWIRE_SEED=7 PLANWIRE_SEEDS=1 looks at other seeds.
  const from = Number(process.env["PLANWIRE_SEED"] ?? 1);
  const count = Number(process.env["PLANWIRE_SEEDS"] ?? 60);

  test(`${count} stories of the three cores keep every promise, and each is told the same way twice`, () => {
    const failures: string[] = [];
    const { missing } = runSeeds({
      from,
      count,
      onFailure: (seed, { sentence, story }) =>
        failures.push(
          `seed ${seed}: ${sentence}\nreplay: npm run sim -- --seed ${seed}\n${story.join("\n")}`,
        ),
    });
    expect(failures.join("\n\n")).toBe("");
    expect(missing).toEqual([]);
  }, 120_000);
});
