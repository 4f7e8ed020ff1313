// What a small plan takes in the coordinator's memory while it waits, and whether those that have ended leave it again.
// After a build: node --expose-gc packages/coordinator/bench/queued-memory.bench.mjs
import { CoordinatorCore, DEFAULT_SETTINGS, receivedEvents } from "@planwire/coordinator/core";
import { memoryStore } from "@planwire/coordinator";

const PLANS = 100_000;
const LIMITS = { frameBytes: 2 ** 26, batchMessages: 4096 };
const ABOUT = { protocol_version: 1, implementation: "bench", version: "0" };
const FEATURES = ["batch", "errors", "attempts", "books", "bindings"];

/** A core with a client; writes are answered at once, by a store in memory or by nobody. */
async function coordinator(store) {
  await store?.open();
  const settings = { ...DEFAULT_SETTINGS, maxQueued: 1e9, coordinatorId: "c", version: "0" };
  const core = new CoordinatorCore(settings, { historyId: "h", boot: 1, live: [], offered: [] });
  const now = { mono: 1, wall: 1.7e12 };
  const events = [];
  const sent = [];
  function step(event) {
    events.push(event);
    while (events.length > 0) for (const effect of core.step(events.shift(), now)) carryOut(effect);
  }
  function carryOut(effect) {
    if (effect.type === "send") sent.push(effect.message);
    if (effect.type !== "persist") return;
    let answer = { type: "done" };
    store?.commit([effect.content], ([stored]) => (answer = stored));
    events.push({ type: "persistDone", write: effect.write, answer });
  }
  const receive = (conn, message) => {
    const frame = Buffer.from(JSON.stringify(message));
    for (const event of receivedEvents(conn, frame, false, LIMITS)) step(event);
  };
  for (const conn of ["client", "worker"]) {
    const scopes = { worker: true, client: true };
    step({ type: "connectionOpened", conn, scopes, sessionId: conn });
  }
  receive("client", { type: "Hello", ...ABOUT, features: FEATURES });
  return { core, receive, sent };
}

const submitMessage = (i, watch) => ({
  type: "Submit",
  request_id: i,
  plan: {
    plan_id: `p_${crypto.randomUUID()}`,
    plan: { Execute: { node_id: "f" } },
    input: { source: "Inline", value: { type: "Json", data: i } },
    mode: "Forward",
    metadata: {},
    bindings: [{ node_id: "f", uses: "f" }],
  },
  ...(watch && { watch, only_outcome: true }),
});

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function queued(name, store, watch) {
  const { receive, sent } = await coordinator(store);
  for (let i = 0; i < 1_000; i++) receive("client", submitMessage(i, watch));
  sent.length = 0;
  const before = heap();
  for (let i = 0; i < PLANS; i++) receive("client", submitMessage(i, watch));
  sent.length = 0;
  const each = (heap() - before) / PLANS;
  receive("client", { type: "Get", request_id: 0, plan_id: "none" });
  console.log(`${name}: ${Math.round(each)} bytes for each of ${PLANS} that wait`);
}

async function ended(name, store) {
  const { core, receive, sent } = await coordinator(store);
  const capabilities = { cpu_cores: 1, ram_bytes: 1, gpus: [], python_envs: [], tags: [] };
  const filters = [{ name: "f", kind: "Stateless", stream_mode: "FixedState" }];
  const register = { worker_id: "w", capabilities, incarnation: "i", filters, max_concurrent: 1 };
  receive("worker", { type: "Register", ...register, ...ABOUT, features: FEATURES });
  const measured = [];
  for (let i = 1; i <= 3 * PLANS; i++) {
    receive("client", submitMessage(i, true));
    const { plan, attempt } = sent.find(({ type }) => type === "AssignPlan");
    sent.length = 0;
    const result = { status: "Success", output: { type: "Json", data: i }, duration_ms: 1 };
    const answer = { worker_id: "w", plan_id: plan.plan_id, attempt, result };
    receive("worker", { type: "PlanResult", ...answer });
    if (i % PLANS === 0) measured.push((heap() / 2 ** 20).toFixed(1));
  }
  const kept = core.state.executions.size;
  console.log(`${name}: ${measured.join(", ")} MiB after each ${PLANS} that ended; ${kept} kept`);
}

async function planAlone() {
  const plans = [];
  const before = heap();
  for (let i = 0; i < PLANS; i++) {
    const frame = Buffer.from(JSON.stringify(submitMessage(i, false)));
    plans.push(receivedEvents("client", frame, false, LIMITS)[0].message.plan);
  }
  const each = (heap() - before) / plans.length;
  console.log(`the plan alone: ${Math.round(each)} bytes`);
}

await planAlone();
await queued("the core", undefined, false);
await queued("the core, the outcome waited for", undefined, true);
await queued("the core and the memory store, the outcome waited for", memoryStore(), true);
await ended("the core", undefined);
await ended("the core and the memory store", memoryStore());
