import { Coverage } from "./sim/coverage.js";
import { tooRare } from "./sim/required-coverage.js";
import type { Plant } from "./sim/world.js";
import { simulate, type Failure } from "./simulate.js";

export interface RunOptions {
  readonly from: number;
  readonly count: number;
  readonly plant?: Plant;
  readonly onFailure?: (seed: number, failure: Failure) => void;
  readonly onProgress?: (done: number, failed: number) => void;
}

export interface Summary {
  readonly seeds: number;
  readonly failed: readonly number[];
  readonly plans: number;
  readonly coverage: Coverage;
  /** Faults and races that came up less often than they should in so many seeds. */
  readonly missing: readonly string[];
}

const PROGRESS_EVERY = 500;

/** Tells every seed's story twice: the second must be the first, byte for byte. */
export function runSeeds({ from, count, plant, onFailure, onProgress }: RunOptions): Summary {
  const coverage = new Coverage();
  const failed: number[] = [];
  let plans = 0;
  for (let done = 0; done < count; done++) {
    const seed = from + done;
    const report = simulate(seed, plant);
    const failure = report.failure ?? differenceTo(simulate(seed, plant).hash, report.hash);
    coverage.add(report.coverage);
    plans += report.plans;
    if (failure !== undefined) {
      failed.push(seed);
      onFailure?.(seed, failure);
    }
    if ((done + 1) % PROGRESS_EVERY === 0) onProgress?.(done + 1, failed.length);
  }
  return { seeds: count, failed, plans, coverage, missing: tooRare(coverage, count) };
}

function differenceTo(second: string, first: string): Failure | undefined {
  if (second === first) return undefined;
  return {
    sentence: "the same seed told another story the second time",
    planId: undefined,
    story: [],
  };
}
