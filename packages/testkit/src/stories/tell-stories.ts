import { expect, test } from "vitest";
import { runSeeds } from "../run-seeds.js";

const LONGEST_MS = 300_000;

/** Tells the stories of `count` seeds in a test; one for each file, so that vitest runs them side by side. */
export function tellStories(from: number, count: number): void {
  test(
    `stories ${from} to ${from + count - 1} keep every promise, and are told the same way twice`,
    () => {
      const failures: string[] = [];
      const { missing } = runSeeds({
        from,
        count,
        onFailure: (seed, { sentence, story }) =>
          failures.push(
            [`seed ${seed}: ${sentence}`, `replay: npm run sim -- --seed ${seed}`, ...story].join(
              "\n",
            ),
          ),
      });
      expect(failures.join("\n\n")).toBe("");
      expect(missing).toEqual([]);
    },
    LONGEST_MS,
  );
}
