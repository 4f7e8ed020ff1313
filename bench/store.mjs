// What accepted = synced costs for each small plan, apart from all else: CPU time on the thread that calls the store, and in all.
import { readFileSync } from "node:fs";
import { openStore } from "@planwire/coordinator";
import { median } from "./measure.mjs";

const IN_FLIGHT = 256;
const OUTPUT = /** @type {const} */ ({
  type: "Json",
  data: { order: 17, items: ["a", "b"], total: 12.5 },
});

/** @typedef {import("@planwire/coordinator").Store} Store */
/** @typedef {import("@planwire/coordinator").Change} Change */

/** @param {{ quick: boolean, sqliteFile: string }} options */
export async function store({ quick, sqliteFile }) {
  const count = quick ? 5_000 : 20_000;
  const rounds = quick ? 3 : 7;
  const sqlite = openStore(`sqlite:${sqliteFile}`);
  await sqlite.open();
  const runs = [];
  for (let round = 0; round <= rounds; round++) {
    const run = await measure(sqlite, `${round}`, count);
    if (round > 0) runs.push(run); // the first round warms up
  }
  await sqlite.close();
  return [
    { what: "plans/s", figure: Math.round(median(runs.map((run) => run.perSecond))) },
    {
      what: "us a plan, calling thread",
      figure: Math.round(median(runs.map((run) => run.calling))),
    },
    { what: "us a plan, all threads", figure: Math.round(median(runs.map((run) => run.all))) },
  ];
}

/** @param {Store} sqlite @param {string} prefix @param {number} count */
async function measure(sqlite, prefix, count) {
  const began = performance.now();
  const before = cpuMicros();
  let next = 0;
  const lane = async () => {
    while (next < count) await onePlan(sqlite, `${prefix}-${String(next++).padStart(20, "0")}`);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const after = cpuMicros();
  return {
    perSecond: count / ((performance.now() - began) / 1000),
    calling: (after.calling - before.calling) / count,
    all: (after.all - before.all) / count,
  };
}

/** Two writes, as the coordinator makes them of a plan that goes well. @param {Store} sqlite @param {string} planId */
async function onePlan(sqlite, planId) {
  await commit(sqlite, planId, 0, accepted(planId));
  await commit(sqlite, planId, 1, ended(planId));
}

/** @param {Store} sqlite @param {string} planId @param {number} expects @param {Change[]} changes @returns {Promise<void>} */
function commit(sqlite, planId, expects, changes) {
  return new Promise((resolve, reject) => {
    sqlite.commit([{ planId, owner: "bench", expects, changes }], ([answer]) => {
      if (answer?.type === "done") resolve();
      else reject(new Error(JSON.stringify(answer)));
    });
  });
}

/** @param {string} planId @returns {Change[]} */
function accepted(planId) {
  const plan = {
    plan_id: planId,
    plan: { Sequence: [{ Execute: { node_id: "echo" } }] },
    input: { source: /** @type {const} */ ("Inline"), value: OUTPUT },
    mode: /** @type {const} */ ("Forward"),
    metadata: { name: "echo" },
    bindings: [{ node_id: "echo", uses: "echo" }],
  };
  const cut = /** @type {const} */ ({ kind: "whole" });
  const worker = { workerId: "worker-1", incarnation: "incarnation-1" };
  return [
    { type: "accept", kind: "plan", plan, name: "echo", submittedAt: Date.now() },
    { type: "assign", partId: planId, attempt: 1, ...worker, cut },
  ];
}

/** @param {string} planId @returns {Change[]} */
function ended(planId) {
  const result = /** @type {const} */ ({
    status: "Success",
    output: OUTPUT,
    duration_ms: 1,
    states: {},
  });
  const head = { worker_id: "worker-1", attempts: 1, duration_ms: 2 };
  const outcome = /** @type {const} */ ({
    status: "Succeeded",
    output: OUTPUT,
    states: {},
    ...head,
  });
  return [
    { type: "takeResult", partId: planId, attempt: 1, result },
    { type: "finish", outcome, finishedAt: Date.now(), expiresAt: undefined, bytes: 500 },
  ];
}

/** CPU time so far; of one thread only Linux tells it. */
function cpuMicros() {
  const { user, system } = process.cpuUsage();
  const calling = process.platform === "linux" ? mainThreadMicros() : NaN;
  return { calling, all: user + system };
}

function mainThreadMicros() {
  const [nanos] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
  return Number(nanos) / 1000;
}
