// Starts the processes that are measured: a relay and its answering end, or a coordinator and a worker.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));
const command = here("../packages/planwire/bin/planwire.js");

/**
 * Starts a Node process and waits for the first JSON line that it prints.
 * @param {readonly string[]} args
 * @returns {Promise<{ line: Record<string, string>, stop: () => Promise<void> }>}
 */
async function start(args) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for await (const text of createInterface(child.stdout)) {
    child.stdout.resume();
    const stop = async () => {
      child.kill("SIGTERM");
      await ended;
      process.off("exit", kill);
    };
    return { line: JSON.parse(text), stop };
  }
  throw new Error(`${args.join(" ")} ended before it was ready`);
}

/** A bare relay with one answering end behind it. */
export async function startRelay() {
  const relay = await start([here("relay.mjs")]);
  const url = String(relay.line.url);
  const echo = await start([here("relay-echo.mjs"), url]);
  const stop = async () => {
    await echo.stop();
    await relay.stop();
  };
  return { url, stop };
}

/**
 * A coordinator and one worker, as a user starts them.
 * @param {{ store?: string, profileInto?: string }} options
 */
export async function startPlanwire({ store = "memory", profileInto } = {}) {
  const profile = profileInto ? ["--cpu-prof", `--cpu-prof-dir=${profileInto}`] : [];
  const coordinator = await start([
    ...profile,
    command,
    "coordinator",
    "--port",
    "0",
    "--store",
    store,
    "--json",
  ]);
  const url = String(coordinator.line.url);
  const worker = await start([
    command,
    "worker",
    "--coordinator",
    url,
    "--filters",
    here("filters.mjs"),
    "--slots",
    "256",
    "--json",
  ]);
  const stop = async () => {
    await worker.stop();
    await coordinator.stop();
  };
  return { url, stop };
}
