// `npm run soak -- --minutes 20`: a coordinator on SQLite with workers and clients that come and go. Prints what each process holds, and
// ends with 1 when memory grows, or when a plan was lost. Under six minutes memory is shown, and not judged.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { comeAndGo, startCoordinator, startWorker } from "./fleet.mjs";
import { judgeMemory, LEAST_SAMPLES, mib, RULE_TEXT } from "./judge-memory.mjs";
import { comeAndAsk, lookForLeftovers } from "./load.mjs";

const CLIENTS = 4;
const LONGEST_LIFE_MS = 45_000;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    every: { type: "string", default: "30" },
  },
});
const minutes = Number(flags.minutes);
const everyMs = Number(flags.every) * 1000;

const folder = mkdtempSync(join(tmpdir(), "planwire-soak-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "planwire.db");

const { coordinator, url } = await startCoordinator(`sqlite:${file}`);
const stays = await startWorker(url, "stays");
const churn = ["comes-and-goes-1", "comes-and-goes-2"].map((id) =>
  comeAndGo(url, id, Math.min(LONGEST_LIFE_MS, (minutes * 60_000) / 4)),
);
/** @type {import("./load.mjs").Tally} */
const tally = { plans: 0, streams: 0, givenUp: 0, lost: [] };
const over = new AbortController();
const clients = Array.from({ length: CLIENTS }, () => comeAndAsk(url, tally, over.signal));

/** @type {import("./judge-memory.mjs").Sample[]} */
const samples = [];
const start = performance.now();
while (performance.now() - start < minutes * 60_000) {
  await sleep(everyMs);
  await report();
}
over.abort();
await Promise.all(clients);
await lookForLeftovers(url, tally);
await Promise.all(churn.map((one) => one.stop()));
await stays.end("SIGTERM");
await coordinator.end("SIGTERM");

const judged = judgeMemory(samples);
for (const { text } of judged) console.log(text);
console.log(
  judged.length > 0 ? RULE_TEXT : `memory is not judged by fewer than ${LEAST_SAMPLES} lines`,
);
for (const text of tally.lost) console.log(`LOST: ${text}`);
const { plans, streams, givenUp, lost } = tally;
console.log(
  `${plans} plans, ${streams} streams, ${givenUp} ended by a worker's death, ${lost.length} lost`,
);
const isGood = lost.length === 0 && plans > 0 && judged.every(({ isFlat }) => isFlat);
console.log(isGood ? "soak passed" : "soak failed");
process.exitCode = isGood ? 0 : 1;

async function report() {
  const of = { coordinator, worker: stays };
  const parts = [];
  for (const [name, measured] of Object.entries(of)) {
    const { rssBytes: rss, heapBytes, resources } = await measured.memory();
    const heap = heapBytes.reduce((sum, bytes) => sum + bytes, 0);
    samples.push({ name, heap, rss });
    parts.push(`${name} rss ${mib(rss)} heap ${mib(heap)} handles ${resources}`);
  }
  const gone = churn.reduce((sum, { count }) => sum + count.gone, 0);
  const killed = churn.reduce((sum, { count }) => sum + count.killed, 0);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(
    [
      `${seconds} s`,
      ...parts,
      `file ${mib(sizeOf(file))} + wal ${mib(sizeOf(`${file}-wal`))}`,
      `plans ${tally.plans} streams ${tally.streams} given up ${tally.givenUp} lost ${tally.lost.length}`,
      `workers gone ${gone}, killed ${killed}`,
    ].join(" | "),
  );
}

/** @param {string} path */
function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
