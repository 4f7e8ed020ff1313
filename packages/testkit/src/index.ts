export { runSeeds, type RunOptions, type Summary } from "./run-seeds.js";
export { simulate, type Failure, type Report } from "./simulate.js";
export type { Plant } from "./sim/world.js";
