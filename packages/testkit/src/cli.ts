// `npm run sim -- --seed N` tells one story; `npm run sim -- --seeds COUNT [--from N]` tells many, and counts.
import { parseArgs } from "node:util";
import { describeFailure } from "./complaints.js";
import { runSeeds, type Summary } from "./run-seeds.js";
import { simulate } from "./simulate.js";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
  },
});

if (values.seed !== undefined) tellOne(Number(values.seed));
else tellMany(Number(values.from), Number(values.seeds ?? 300));

function tellOne(seed: number): void {
  const { lines, failure, hash } = simulate(seed);
  print(lines().join("\n"));
  print(`\nseed ${seed}, log ${hash.slice(0, 16)}`);
  if (failure === undefined) return print("the oracle has nothing to say");
  print(`the oracle: ${failure.sentence}`);
  process.exitCode = 1;
}

function tellMany(from: number, count: number): void {
  const began = performance.now();
  const summary = runSeeds({
    from,
    count,
    onFailure: (seed, failure) => print(`\n${describeFailure(seed, failure)}`),
    onProgress: (done, failed) => note(`${done} of ${count} seeds, ${failed} failed`),
  });
  printSummary(summary, performance.now() - began);
  if (summary.failed.length > 0 || summary.missing.length > 0) process.exitCode = 1;
}

function printSummary({ seeds, failed, plans, coverage, missing }: Summary, tookMs: number): void {
  print(`\n${seeds} seeds, ${plans} plans, ${(tookMs / 1_000).toFixed(1)} s`);
  for (const [what, times] of coverage.entries()) print(`${String(times).padStart(8)}  ${what}`);
  for (const what of missing) print(`too rare: ${what}`);
  print(failed.length === 0 ? "the oracle has nothing to say" : `failed: ${failed.join(", ")}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
