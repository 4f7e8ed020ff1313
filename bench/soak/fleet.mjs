// The processes of a soak: a coordinator, workers that stay, and workers that come and go.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));
const COMMAND = here("../../packages/planwire/bin/planwire.js");
const PROBE = new URL("./heap-probe.mjs", import.meta.url).href;
/** Short, so that what a killed worker held is soon tried elsewhere. */
const LEASE = ["--heartbeat", "2s", "--heartbeat-timeout", "8s"];

/** A planwire command in a process of its own, whose memory can be asked for. */
class Measured {
  #measured = 0;

  /** @param {readonly string[]} args */
  constructor(args) {
    this.child = fork(COMMAND, args, {
      execArgv: ["--import", PROBE],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    void this.#tellErrors();
    const kill = () => this.child.kill("SIGKILL");
    process.once("exit", kill);
    this.ended = once(this.child, "exit").then(() => void process.off("exit", kill));
  }

  /** What it says on stderr, but for what the load does to it on purpose. */
  async #tellErrors() {
    const { stderr } = this.child;
    if (stderr === null) return;
    for await (const line of createInterface(stderr)) {
      if (!line.startsWith("a filter's thread died")) console.error(line);
    }
  }

  /** The first line that it prints. @returns {Promise<any>} */
  async line() {
    const { stdout } = this.child;
    if (stdout === null) throw new Error("its output is not read");
    for await (const text of createInterface(stdout)) {
      stdout.resume();
      return JSON.parse(text);
    }
    throw new Error(`${this.child.spawnargs.join(" ")} ended before it was ready`);
  }

  /** @returns {Promise<import("./heap-probe.mjs").Memory>} */
  async memory() {
    const question = ++this.#measured;
    this.child.send({ measure: question });
    for (;;) {
      const [answer] = await once(this.child, "message");
      if (answer.measured === question) return answer.memory;
    }
  }

  /** @param {"SIGTERM" | "SIGKILL"} signal */
  async end(signal) {
    this.child.kill(signal);
    await this.ended;
  }
}

/** @param {string} store */
export async function startCoordinator(store) {
  const keep = ["--keep", "1m"];
  const coordinator = new Measured([
    "coordinator",
    "--port",
    "0",
    "--store",
    store,
    "--json",
    ...LEASE,
    ...keep,
  ]);
  const { url } = await coordinator.line();
  return { coordinator, url: String(url) };
}

/** @param {string} url @param {string} id */
export async function startWorker(url, id) {
  const filters = ["--filters", here("filters.mjs")];
  const worker = new Measured([
    "worker",
    "--coordinator",
    url,
    "--id",
    id,
    "--slots",
    "4",
    "--json",
    ...filters,
  ]);
  await worker.line();
  return worker;
}

/**
 * One worker after the other under the same id, half of them killed; until it is stopped.
 * @param {string} url @param {string} id @param {number} longestMs
 */
export function comeAndGo(url, id, longestMs) {
  const stopping = new AbortController();
  const count = { gone: 0, killed: 0 };
  const run = async () => {
    while (!stopping.signal.aborted) {
      const worker = await startWorker(url, id);
      const lifeMs = longestMs * (0.2 + 0.8 * Math.random());
      await sleep(lifeMs, undefined, { signal: stopping.signal }).catch(() => {});
      const signal = Math.random() < 0.5 ? "SIGKILL" : "SIGTERM";
      await worker.end(signal);
      count.gone += 1;
      if (signal === "SIGKILL") count.killed += 1;
    }
  };
  const ended = run();
  return {
    count,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
