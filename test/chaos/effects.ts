// What filters did, as they wrote it down themselves, line by line, so that it survives their process.
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The environment variable that tells filters where to write. */
export const EFFECTS_FOLDER = "PLANWIRE_CHAOS_EFFECTS";

/** One line. `process` is the worker's own, also where the filter runs in a child of it. */
export interface Effect {
  readonly at: "begin" | "end" | "stopped";
  readonly part: string;
  readonly node: string;
  readonly attempt: number;
  readonly worker: string;
  readonly process: number;
  /** The process that the filter ran in. */
  readonly ranIn: number;
  readonly time: number;
}

type Call = Pick<Effect, "node" | "part" | "attempt" | "worker">;

/** A line is short enough to be appended in one piece, by whichever thread. */
export function record(at: Effect["at"], call: Call, workerProcess: number): void {
  const folder = process.env[EFFECTS_FOLDER];
  if (folder === undefined) throw new Error(`${EFFECTS_FOLDER} is not set`);
  const ranIn = process.pid;
  const line: Effect = { at, ...call, process: workerProcess, ranIn, time: Date.now() };
  appendFileSync(join(folder, `${call.worker}.${ranIn}.jsonl`), `${JSON.stringify(line)}\n`);
}

/** All lines of all processes; one that its process did not live to finish is none. */
export function readEffects(folder: string): Effect[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  const effects = files.flatMap((name) => {
    const lines = readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Effect);
  });
  return effects.sort((a, b) => a.time - b.time);
}
