import { runSeeds } from "./run-seeds.js";
import type { Failure } from "./simulate.js";

/** What there is to say against the stories of `count` seeds, with each one's story; nothing, when all is well. */
export function complaintsAbout(from: number, count: number): string[] {
  const complaints: string[] = [];
  const onFailure = (seed: number, failure: Failure) =>
    complaints.push(describeFailure(seed, failure));
  const { missing } = runSeeds({ from, count, onFailure });
  return [...complaints, ...missing];
}

export function describeFailure(seed: number, { sentence, story }: Failure): string {
  return [
    `seed ${seed}: ${sentence}`,
    `replay: npm run sim -- --seed ${seed}`,
    ...story.map((line) => `  ${line}`),
  ].join("\n");
}
