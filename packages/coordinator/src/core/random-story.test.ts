import { expect, it } from "vitest";
import { RandomStory } from "../testing/random-story.js";

const SEEDS = Number(process.env["PLANWIRE_SEEDS"] ?? 60);
/** Only so that a larger number of seeds is not cut short: one takes some 25 ms. */
const MOST_MS_A_SEED = 1_000;
const FIRST = Number(process.env["PLANWIRE_SEED"] ?? 1);

it(
  `every accepted plan ends once, and its clients hear how, whatever happens (${SEEDS} seeds from ${FIRST})`,
  async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const story = new RandomStory(seed);
      try {
        await story.run(150);
        expect(await story.unrest()).toEqual([]);
      } catch (error) {
        const told = story.told.slice(-60).join("\n  ");
        throw new Error(`seed ${seed}: ${String(error)}\n  ${told}`, { cause: error });
      }
    }
  },
  SEEDS * MOST_MS_A_SEED,
);
