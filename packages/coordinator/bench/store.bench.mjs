// How many executions a second each store takes, and how long one write waits. On dist: build first.
// Usage: node packages/coordinator/bench/store.bench.mjs [EXECUTIONS; 20000]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@planwire/coordinator";

const executions = Number(process.argv[2] ?? 20_000);
const folder = mkdtempSync(join(tmpdir(), "planwire-bench-"));
const output = { type: "Json", data: { mean: 3.5, rows: 1_000 } };

console.log(
  `${executions} executions of three writes each (the second needs no sync); Node ${process.version}`,
);
for (const writers of [1, 256]) {
  await measure("memory", writers);
  await measure(`sqlite:${join(folder, `${writers}.db`)}`, writers);
}
rmSync(folder, { recursive: true });

async function measure(spec, writers) {
  const store = openStore(spec);
  await store.open();
  const count = writers === 1 ? Math.ceil(executions / 10) : executions;
  await runAll(store, "warm-up", 2_000, writers);
  const waits = [];
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const begin = performance.now();
  await runAll(store, "run", count, writers, waits);
  const seconds = (performance.now() - begin) / 1_000;
  const busy = performance.eventLoopUtilization(loop).active;
  const { user, system } = process.cpuUsage(cpu);
  await store.close();
  waits.sort((a, b) => a - b);
  const at = (share) => waits[Math.floor(waits.length * share)].toFixed(3);
  console.log(
    [
      spec.split(":")[0].padEnd(6),
      `${String(writers).padStart(3)} at a time`,
      `${Math.round(count / seconds)} executions/s`,
      `${Math.round((3 * count) / seconds)} writes/s`,
      `a write waits p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
      `calling thread ${((busy * 1_000) / count).toFixed(1)} us an execution`,
      `all threads ${((user + system) / count).toFixed(1)} us`,
    ].join("  "),
  );
}

/** Writers take one execution after the other, each write after the answer to the one before. */
function runAll(store, run, count, writers, waits = []) {
  return new Promise((resolve, reject) => {
    let begun = 0;
    let ended = 0;
    const next = () => {
      if (begun < count) write(`${run}-${begun++}`, 0);
      else if (ended === count) resolve();
    };
    const write = (planId, expects) => {
      const at = performance.now();
      const changes = changesOf(planId, expects);
      store.commit([{ planId, owner: "bench", expects, changes }], ([answer]) => {
        waits.push(performance.now() - at);
        if (answer.type !== "done")
          return reject(new Error(`${planId}: ${JSON.stringify(answer)}`));
        if (expects < 2) return later(() => write(planId, expects + 1));
        ended += 1;
        later(next);
      });
    };
    for (let i = 0; i < writers; i++) next();
  });
}

/** Memory answers at once: without a turn in between, the stack would grow with every write. */
function later(work) {
  queueMicrotask(work);
}

function changesOf(planId, expects) {
  const attempt = { partId: planId, attempt: 1 };
  if (expects === 1) return [{ type: "started", ...attempt }];
  if (expects === 0) {
    return [
      {
        type: "accept",
        kind: "plan",
        contentHash: "0".repeat(64),
        plan: planOf(planId),
        name: "tidy",
        submittedAt: 1,
      },
      { type: "assign", ...attempt, workerId: "w", incarnation: "i", cut: { kind: "whole" } },
    ];
  }
  const states = {};
  return [
    {
      type: "takeResult",
      ...attempt,
      result: { status: "Success", output, duration_ms: 1, states },
    },
    {
      type: "finish",
      outcome: { status: "Succeeded", output, states, attempts: 1, duration_ms: 1 },
      finishedAt: 2,
    },
  ];
}

function planOf(planId) {
  const nodes = ["clean", "scale", "mean"];
  return {
    plan_id: planId,
    plan: { Sequence: nodes.map((node_id) => ({ Execute: { node_id } })) },
    input: {
      source: "Inline",
      value: {
        type: "Json",
        data: [
          { a: 1, b: "x" },
          { a: 2, b: "y" },
        ],
      },
    },
    mode: "Forward",
    metadata: { name: "tidy" },
    bindings: nodes.map((node_id) => ({ node_id, uses: `${node_id}@1` })),
  };
}
