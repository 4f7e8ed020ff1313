// `npm run sim -- --seed N` tells one story; `npm run sim -- --seeds COUNT [--from N]` tells many, and counts.
import { parseArgs } from "node:util";
import { runSeeds, type Summary } from "./run-seeds.js";
import { simulate, type Failure } from "./simulate.js";

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
  console.log(lines().join("\n"));
  console.log(`\nseed ${seed}, log ${hash.slice(0, 16)}`);
  if (failure === undefined) return console.log("the oracle has nothing to say");
  console.log(`the oracle: ${failure.sentence}`);
  process.exitCode = 1;
}

function tellMany(from: number, count: number): void {
  const began = performance.now();
  const summary = runSeeds({
    from,
    count,
    onFailure: (seed, failure) => printFailure(seed, failure),
    onProgress: (done, failed) => console.error(`${done} of ${count} seeds, ${failed} failed`),
  });
  printSummary(summary, performance.now() - began);
  if (summary.failed.length > 0 || summary.missing.length > 0) process.exitCode = 1;
}

function printFailure(seed: number, failure: Failure): void {
  console.log(describeFailure(seed, failure));
}

function describeFailure(seed: number, { sentence, story }: Failure): string {
  return [
    "",
    `seed ${seed}: ${sentence}`,
    `replay: npm run sim -- --seed ${seed}`,
    ...story.map((line) => `  ${line}`),
  ].join("\n");
}

function printSummary({ seeds, failed, plans, coverage, missing }: Summary, tookMs: number): void {
  console.log(`\n${seeds} seeds, ${plans} plans, ${(tookMs / 1_000).toFixed(1)} s`);
  for (const [what, times] of coverage.entries())
    console.log(`${String(times).padStart(8)}  ${what}`);
  for (const what of missing) console.log(`too rare: ${what}`);
  console.log(
    failed.length === 0 ? "the oracle has nothing to say" : `failed: ${failed.join(", ")}`,
  );
}
