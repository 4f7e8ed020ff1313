// Runs a program and gives what it printed; a failure carries all of it.
import { spawnSync } from "node:child_process";

/**
 * @param {readonly string[]} args arguments to Node
 * @param {{ cwd: string, input?: string, timeoutMs?: number, fails?: boolean }} options
 */
export function node(args, { cwd, input = "", timeoutMs = 120_000 }) {
  const env = { ...process.env };
  for (const key of Object.keys(env)) if (/^npm_|^NODE_|^PLANWIRE_/.test(key)) delete env[key];
  const done = spawnSync(process.execPath, [...args], {
    cwd,
    env,
    input,
    encoding: "utf8",
    timeout: timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
  });
  const printed = `${done.stdout}\n${done.stderr}`.trim();
  if (done.error) throw done.error;
  if (done.status !== 0) {
    throw new Error(`node ${args.join(" ")} ended with ${done.status ?? done.signal}\n${printed}`);
  }
  return done.stdout;
}

/** @param {boolean} holds @param {string} otherwise */
export function assert(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
